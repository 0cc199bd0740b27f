"""`python -m benchmarks WORKLOAD`: one command a workload."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import growth, latency, many, replaying, throughput, workers
from benchmarks.peers import compare


def main() -> None:
    """Run the workload that is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Speed, as ratios.")
    commands = parser.add_subparsers(dest="workload", required=True)
    one = commands.add_parser("throughput", help="one-activity processes a second on SQLite, against bare sqlite3")
    one.add_argument("--processes", type=int, default=500, help="in each round (default: %(default)s)")
    one.add_argument("--rounds", type=int, default=5, help="of both, in turns (default: %(default)s)")
    one.add_argument("--durability", choices=("normal", "full"), default="normal")
    one = commands.add_parser("workers", help="one worker process against two on the same file")
    one.add_argument("--processes", type=int, default=2000, help="in each round (default: %(default)s)")
    one.add_argument("--rounds", type=int, default=5, help="of both, in turns (default: %(default)s)")
    one.add_argument("--durability", choices=("normal", "full"), default="normal")
    one = commands.add_parser("latency", help="from start to completed, one process at a time, worker elsewhere")
    one.add_argument("--processes", type=int, default=500, help="(default: %(default)s)")
    one.add_argument("--idle", type=float, default=10, help="seconds to watch an idle worker (default: %(default)s)")
    one.add_argument("--durability", choices=("normal", "full"), default="normal")
    one = commands.add_parser("many", help="common operations with very many processes in the file, against none")
    one.add_argument("--closed", type=int, default=1_000_000, help="(default: %(default)s)")
    one.add_argument("--open", type=int, default=100_000, help="(default: %(default)s)")
    one = commands.add_parser("growth", help="a decision in longer and longer histories, and more and more activities")
    one.add_argument(
        "lengths", type=int, nargs="*", default=[100, 1000, 10_000, 50_000], help="events (default: %(default)s)"
    )
    one.add_argument(
        "--activities",
        type=int,
        nargs="*",
        default=[1000, 10_000, 20_000],
        help="that one decision schedules (default: %(default)s)",
    )
    one = commands.add_parser("replay", help="histories asked again, against reading them")
    one.add_argument("--histories", type=int, default=300, help="in each round (default: %(default)s)")
    one.add_argument("--rounds", type=int, default=5, help="of each, in turns (default: %(default)s)")
    one = commands.add_parser("peers", help="DBOS and Temporal's development server on the same work; some minutes")
    one.add_argument("--processes", type=int, default=200, help="in each batch (default: %(default)s)")
    one.add_argument("--rounds", type=int, default=5, help="of all, in turns (default: %(default)s)")
    one.add_argument("--plot", type=Path, metavar="FILE", help="draw what was measured, as SVG")
    given = parser.parse_args()
    if given.workload == "throughput":
        throughput.run(given.processes, given.rounds, given.durability)
    elif given.workload == "workers":
        workers.run(given.processes, given.rounds, given.durability)
    elif given.workload == "growth":
        growth.run(given.lengths, given.activities)
    elif given.workload == "many":
        many.run(given.closed, given.open)
    elif given.workload == "replay":
        replaying.run(given.histories, given.rounds)
    elif given.workload == "peers":
        compare.run(given.processes, given.rounds, given.plot)
    else:
        latency.run(given.processes, given.durability, given.idle)


if __name__ == "__main__":
    main()
