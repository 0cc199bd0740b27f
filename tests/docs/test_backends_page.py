"""The page of the rules has every rule of the suite, and every backend that the suite is run on."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import rules

from pyworkflow.testing import BackendContract
from pyworkflow.testing.rules import RULES, rules_of

TESTS = [name for name in dir(BackendContract) if name.startswith("test_")]


def test_every_test_of_the_suite_has_the_number_of_a_rule_and_every_rule_a_test() -> None:
    assert all(rules_of(test) for test in TESTS)
    assert {rule for test in TESTS for rule in rules_of(test)} == set(RULES)


def test_the_page_has_every_rule_and_every_backend() -> None:
    head, *rows = rules.table(rules.PAGE.read_text())
    assert head[2:] == rules.backends(), "run `python docs/rules.py`"
    assert {row[0]: row[1] for row in rows} == RULES, "run `python docs/rules.py`"


def test_what_the_page_says_a_backend_does_not_do_has_a_reason() -> None:
    _, *rows = rules.table(rules.PAGE.read_text())
    assert [row for row in rows if "–" in row[2:]] == []
