"""Runs the document's code for the inputs on the command line, and prints what came of it.

In a program of its own, since the document's workers block for ever. What the document leaves open is supplied here:
the backend `pyworkflow.foo`, the condition `foo_bar_conditional`, and the input `foo_bar`.
"""

import json
import sys
import threading
import types
from pathlib import Path
from time import monotonic

import pyworkflow.memory
from pyworkflow import Process

DEADLINE = 30


def snippets() -> dict[str, str]:
    """The document's snippets by name."""
    _, *parts = (Path(__file__).parent / "snippets.txt").read_text().split("=== ")
    return dict(part.split("\n", 1) for part in parts)


def main() -> None:
    foo = types.ModuleType("pyworkflow.foo")
    foo.FooBackend = pyworkflow.memory.MemoryBackend  # type: ignore[attr-defined]
    sys.modules["pyworkflow.foo"] = foo
    code = snippets()
    names = {
        "Process": Process,
        "foo_bar_conditional": lambda history: not any(event.type == "decision" for event in history),
    }
    for name in ("activity", "workflow", "manager"):
        exec(code[name], names)
    for name in ("activity worker", "decider"):
        threading.Thread(target=exec, args=(code[name], names), daemon=True).start()
    for given in sys.argv[1:]:
        exec(code["start"], names | {"foo_bar": json.loads(given)})
    manager = names["manager"]
    deadline, pause = monotonic() + DEADLINE, threading.Event()
    while list(manager.processes()) and monotonic() < deadline:
        pause.wait(0.01)
    for process in manager.backend.processes(status=None):
        [ended] = [event.result for event in process.history if event.type == "activity"]
        print(process.result, ended, sep="\n")


if __name__ == "__main__":
    main()
