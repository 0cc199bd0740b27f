"""P5: processes by workflow, tag and status; and without their histories, in pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pyworkflow.backend import ALL, Query, Summary
from pyworkflow.decision import (
    CancelProcess,
    CompleteProcess,
    ContinueAsNew,
    Decision,
    FailProcess,
    ScheduleActivity,
    StartChildProcess,
    Timer,
)
from pyworkflow.process import Process
from pyworkflow.testing.contract.base import Contract, some

CLOSINGS: dict[str, Decision] = {
    "completed": CompleteProcess(),
    "canceled": CancelProcess(),
    "failed": FailProcess("no"),
    "continued": ContinueAsNew(),
}


class ListingRules(Contract):
    """P5."""

    def _one_of_each(self) -> None:
        """Processes named after their status; `continued` goes on in a second run, which is open."""
        self.backend.register_workflow("Brief", timeout=5, category="brief")
        self.start("timedout", workflow="Brief")
        self.clock.advance(5)
        for id, closing in CLOSINGS.items():
            self.start(id)
            self.decide(closing)
        self.decide()
        self.start("open")

    # --- processes ---

    def test_P5_the_open_processes_are_listed_oldest_first(self) -> None:
        ids = [self.start() for _ in range(5)]
        self.backend.cancel_process(ids[2])
        assert self.open_ids() == [*ids[:2], *ids[3:]]

    def test_P5_all_of_many_are_listed_each_once(self) -> None:
        ids = [self.start(str(number)) for number in range(250)]
        assert self.open_ids() == ids
        summaries: list[str] = []
        cursor = None
        while not summaries or cursor is not None:
            page = self.backend.summaries(cursor=cursor, limit=70)
            summaries += [summary.id for summary in page]
            cursor = page.cursor
        assert sorted(summaries) == sorted(ids)

    def test_P5_processes_come_one_by_one_with_their_histories(self) -> None:
        process_id = self.start(input=1, tags=["t"])
        self.backend.signal_process(process_id, "go")
        listed = self.backend.processes()
        assert isinstance(listed, Iterator)
        assert next(listed) == self.backend.process_by_id(process_id)

    @pytest.mark.parametrize(
        ("status", "ids"),
        [
            ("open", ["continued", "open"]),
            ("completed", ["completed"]),
            ("canceled", ["canceled"]),
            ("failed", ["failed"]),
            ("timedout", ["timedout"]),
            ("continued", ["continued"]),
            ("closed", ["timedout", "completed", "canceled", "failed"]),
            (None, ["timedout", "completed", "canceled", "failed", "continued", "continued", "open"]),
        ],
    )
    def test_P5_another_status_lists_those(self, status: str | None, ids: list[str]) -> None:
        self._one_of_each()
        assert [process.id for process in self.backend.processes(status=status)] == ids
        assert [summary.id for summary in self.backend.summaries(Query(status=status))] == ids[::-1]

    def test_P5_workflow_and_tag_narrow_the_listing(self) -> None:
        self.backend.register_workflow("Other")
        self.start("a", tags=["x", "y"])
        self.start("b", tags=["y"], workflow="Other")
        self.start("c", tags=["xx"])
        by = {
            "workflow": [process.id for process in self.backend.processes("Other")],
            "tag": [process.id for process in self.backend.processes(tag="y")],
            "both": [process.id for process in self.backend.processes("Order", "y")],
            "neither": [process.id for process in self.backend.processes("Order", "z")],
            "part of a tag": [process.id for process in self.backend.processes(tag="x")],
        }
        expected = {"workflow": ["b"], "tag": ["a", "b"], "both": ["a"], "neither": [], "part of a tag": ["a"]}
        assert by == expected

    @pytest.mark.parametrize("tag", ["a,b", 'a"b', "a'b", "%", "[]", "a\nb", "漢"])
    def test_P5_a_tag_is_text_and_nothing_else(self, tag: str) -> None:
        self.start("plain", tags=["a", "b", "ab"])
        self.start("mine", tags=["x", tag, tag])
        assert [process.id for process in self.backend.processes(tag=tag)] == ["mine"]
        assert self.backend.process_by_id("mine").tags == ["x", tag, tag]
        assert [summary.id for summary in self.backend.summaries(Query(tag=tag))] == ["mine"]

    def test_P5_a_long_listing_has_everything_once_though_processes_close_meanwhile(self) -> None:
        ids = [self.start() for _ in range(230)]
        listed = []
        for process in self.backend.processes():
            listed.append(process.id)
            self.backend.cancel_process(some(process.id))
        assert listed == ids
        assert self.open_ids() == []

    # --- summaries ---

    def test_P5_a_summary_says_what_the_process_is_without_its_history(self) -> None:
        started_at = self.clock()
        self.start("p", tags=["x", "y"])
        self.decide(StartChildProcess(Process("Order", "c")))
        self.clock.advance(5)
        self.backend.cancel_process("p")
        child, parent = self.backend.summaries(ALL)
        assert parent == Summary("p", 1, "Order", "canceled", started_at, self.clock(), None, ("x", "y"), 4)
        assert child == Summary("c", 1, "Order", "open", started_at, None, "p", (), 1)

    def test_P5_summaries_come_in_pages_each_once(self) -> None:
        ids = [self.start() for _ in range(7)]
        listed, pages, cursor = [], 0, None
        while True:
            page = self.backend.summaries(ALL, cursor=cursor, limit=3)
            assert len(page.items) <= 3
            listed += [summary.id for summary in page]
            pages, cursor = pages + 1, page.cursor
            if cursor is None:
                break
        assert listed == ids[::-1]
        assert pages >= 3

    def test_P5_a_listing_that_holds_nothing_is_an_empty_page(self) -> None:
        page = self.backend.summaries(ALL)
        assert (list(page), page.cursor) == ([], None)

    def test_P5_summaries_can_be_narrowed(self) -> None:
        begun = self.clock()
        self.backend.register_workflow("Other")
        self.start("p", tags=["x"])
        self.decide(StartChildProcess(Process("Other", "c", tags=["x"])))
        self.clock.advance(10)
        since = self.clock()
        self.start("late", workflow="Other")
        found = {
            "workflow": Query(workflow="Other"),
            "tag": Query(tag="x"),
            "since": Query(since=since),
            "children of p": Query(parent="p"),
            "no parent": Query(parent=""),
            "all at once": Query("open", "Other", "x", begun, "p", "c"),
        }
        ids = {what: [summary.id for summary in self.backend.summaries(query)] for what, query in found.items()}
        assert ids == {
            "workflow": ["late", "c"],
            "tag": ["c", "p"],
            "since": ["late"],
            "children of p": ["c"],
            "no parent": ["late", "p"],
            "all at once": ["c"],
        }

    @pytest.mark.parametrize(
        ("prefix", "ids"),
        [
            ("ab", ["abd", "abc"]),
            ("abc", ["abc"]),
            ("a_", ["a_%"]),
            ("a_%", ["a_%"]),
            ("AB", []),
            ("%", []),
            ("漢", ["漢字"]),
        ],
    )
    def test_P5_summaries_can_be_narrowed_to_a_beginning_of_the_id(self, prefix: str, ids: list[str]) -> None:
        for id in ("abc", "abd", "xab", "a_%", "漢字"):
            self.start(id)
        assert [summary.id for summary in self.backend.summaries(Query(id_prefix=prefix))] == ids

    def test_P5_looking_changes_nothing(self) -> None:
        self._one_of_each()
        self.backend.register_activity("Brief", scheduled_timeout=1)
        self.decide(ScheduleActivity("Brief"), Timer(1))
        if not self.backend.capabilities.keeps_time:
            self.clock.advance(31_536_000 * 2)  # all that is open is overdue by now
        with self.nothing_recorded():
            list(self.backend.processes(status=None))
            self.backend.summaries(ALL)
            self.backend.pending("open")
            self.backend.process_by_id("open")
        assert self.backend.process_by_id("open").result is None
