"""A census of a source tree: an activity for each file measures it and takes its SHA-256; then comes a report.

In this folder:

    pyworkflow run Census

measures the standard library of the Python that runs it, thousands of files, and writes census.json and census.txt.
Other trees: `-i '{"root": "/usr/include", "report": "include"}'`. It can be watched, and its worker killed:

    pyworkflow start Census --id census
    pyworkflow worker      # kill -9 it half-way, and start it again: each file is counted, and counted once
    pyworkflow show census
"""

import hashlib
import json
import os
import sysconfig
from collections import defaultdict
from pathlib import Path

from pyworkflow.decision import CompleteProcess, FailProcess, RecordMarker, ScheduleActivity
from pyworkflow.managed import Activity, Workflow

SKIPPED = ("__pycache__", "site-packages", "dist-packages")  # made by others, or while the census is taken
OPEN_AT_A_TIME = 200  # measurements; enough to keep workers busy while the next are decided
PIECE = 1024 * 1024


class ListFiles(Activity):
    """The regular files below a root, as sorted relative paths."""

    example_result = {"root": "/usr/include", "files": ["math.h", "stdio.h", "sys/types.h"]}  # for `pyworkflow fuzz`

    def execute(self):
        root = Path(self.input["root"] or sysconfig.get_path("stdlib")).absolute()
        if not root.is_dir():
            raise NotADirectoryError(f"{root} is no folder")
        found = []
        for folder, folders, names in os.walk(root):
            self.heartbeat()
            folders[:] = [name for name in folders if name not in SKIPPED]
            paths = (Path(folder, name) for name in names)
            found += [str(path.relative_to(root)) for path in paths if path.is_file() and not path.is_symlink()]
        return {"root": str(root), "files": sorted(name for name in found if is_text(name))}


class MeasureFile(Activity):
    """The size of one file, its lines and its SHA-256."""

    example_result = {"file": "math.h", "bytes": 54, "lines": 3, "sha256": "9f86d081"}

    def execute(self):
        digest, size, lines = hashlib.sha256(), 0, 0
        with open(Path(self.input["root"], self.input["file"]), "rb") as file:
            while piece := file.read(PIECE):
                self.heartbeat()
                digest.update(piece)
                size += len(piece)
                lines += piece.count(b"\n")
        return {"file": self.input["file"], "bytes": size, "lines": lines, "sha256": digest.hexdigest()}


class WriteReport(Activity):
    """All measurements as JSON, and the sums for people. Written beside and renamed, since it can run twice."""

    def execute(self):
        measured = sorted(self.input["measured"], key=lambda one: one["file"])
        sums = total(measured)
        report = {"root": self.input["root"], **sums, "measured": measured, "unreadable": self.input["unreadable"]}
        write(f"{self.input['report']}.json", json.dumps(report, indent=1))
        write(f"{self.input['report']}.txt", readable(report))
        return {"root": self.input["root"], **sums, "unreadable": len(report["unreadable"])}


class CensusWorkflow(Workflow):
    """List, measure each, report.

    With thousands of files the history is long, so a decision looks at what is new, and not at all that was. How far
    it got it writes into a marker, which is among the new events of the next decision.
    """

    activities = [ListFiles, MeasureFile, WriteReport]

    def decide(self, process):
        news = process.unseen_events()
        ended = [event for event in news if event.type == "activity"]
        for event in news:
            if event.type == "decision" and event.decision.type == "record_marker":
                begun, measuring = event.decision.data["begun"], event.decision.data["measuring"]
                return self.measure(process, begun, measuring - len(ended))
        if news[0].type == "process_started":
            return ScheduleActivity(
                ListFiles, id="list", input={"root": None, "report": "census", **(process.input or {})}
            )
        return self.go_on(process, ended[-1]) if ended else None

    def go_on(self, process, ended):
        """The files are listed, or the report is written."""
        activity, result = ended.activity_execution.activity, ended.result
        if result.type != "completed":
            return FailProcess(f"{activity} {result.type}", getattr(result, "reason", None))
        return self.measure(process, 0, 0) if activity == ListFiles.name else CompleteProcess(result.result)

    def measure(self, process, begun, measuring):
        """Begin with as many more files as may be open at a time; when none is left, report."""
        listed = listing(process).result.result
        more = range(begun, min(begun + OPEN_AT_A_TIME - measuring, len(listed["files"])))
        if not more and not measuring:
            return self.report(process)
        return [
            *(
                ScheduleActivity(
                    MeasureFile, id=number, input={"root": listed["root"], "file": listed["files"][number]}
                )
                for number in more
            ),
            RecordMarker("progress", {"begun": more.stop, "measuring": measuring + len(more)}),
        ]

    def report(self, process):
        """Now, once, all of the history is read."""
        listed = listing(process)
        ends = [event for event in process.history if event.type == "activity" and event is not listed]
        return ScheduleActivity(
            WriteReport,
            id="report",
            input={
                "root": listed.result.result["root"],
                "report": listed.activity_execution.input["report"],
                "measured": [event.result.result for event in ends if event.result.type == "completed"],
                "unreadable": [unreadable(event) for event in ends if event.result.type != "completed"],
            },
        )


def listing(process):
    """The end of the first activity, which is among the first events."""
    return next(event for event in process.history if event.type == "activity")


def unreadable(event):
    """One that could not be measured: it is gone, it may not be read."""
    why = getattr(event.result, "reason", None) or event.result.type
    return {"file": event.activity_execution.input["file"], "why": why}


def is_text(name):
    """Names of files can be any bytes, but JSON, in which the list travels, knows text only."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def total(measured):
    return {
        "files": len(measured),
        "bytes": sum(one["bytes"] for one in measured),
        "lines": sum(one["lines"] for one in measured),
    }


def readable(report):
    """The sums, by the first folder, the largest first."""
    folders = defaultdict(list)
    for one in report["measured"]:
        first, *rest = Path(one["file"]).parts
        folders[first if rest else "."].append(one)
    rows = sorted(((total(ones), name) for name, ones in folders.items()), key=lambda row: -row[0]["bytes"])
    lines = [f"{report['root']}: {report['files']} files, {report['lines']} lines, {report['bytes']} bytes", ""]
    lines += [f"{'bytes':>12} {'lines':>9} {'files':>6}  folder"]
    lines += [f"{sums['bytes']:>12} {sums['lines']:>9} {sums['files']:>6}  {name}" for sums, name in rows]
    lines += [f"not readable: {one['file']} ({one['why']})" for one in report["unreadable"]]
    return "\n".join(lines) + "\n"


def write(path, text):
    beside = Path(f"{path}.{os.getpid()}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
