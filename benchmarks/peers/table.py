"""What was measured, as a table for the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.peers.contender import Contender, Measured

HEAD = ("", "journal", "synchronous", "workflows/s", "ratio", "start to result", "ratio", "p99")
WORDS = 3  # columns of them; the others are figures, and stand to the right


@dataclass(frozen=True)
class Summary:
    """All rounds of one contender; times in milliseconds."""

    rate: float  # the median of the rounds
    latency: float  # the median of all rounds' times
    p99: float

    @classmethod
    def of(cls, rounds: list[Measured]) -> Summary:
        """The medians, and the 99th percentile."""
        times = [seconds * 1000 for measured in rounds for seconds in measured.latencies]
        return cls(median(measured.rate for measured in rounds), median(times), quantiles(times, n=100)[98])


def table(summaries: Mapping[Contender, Summary]) -> str:
    """A row for each; its ratios are to pyworkflow with the same `synchronous`."""
    ours = {contender.synchronous: summary for contender, summary in summaries.items() if contender.module == "ours"}
    rows = [_row(contender, summary, ours[contender.synchronous]) for contender, summary in summaries.items()]
    return "\n".join(_lines(rows))


def _row(contender: Contender, its: Summary, ours: Summary) -> tuple[str, ...]:
    return (
        contender.name,
        contender.journal,
        contender.synchronous,
        f"{its.rate:.0f}",
        f"{its.rate / ours.rate:.2f}",
        f"{its.latency:.1f} ms",
        f"{its.latency / ours.latency:.1f}",
        f"{its.p99:.1f} ms",
    )


def _lines(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    rule = ("-" * width if column < WORDS else "-" * (width - 1) + ":" for column, width in enumerate(widths))
    for cells in (HEAD, tuple(rule), *rows):
        pairs = enumerate(zip(cells, widths, strict=True))
        padded = (cell.ljust(width) if column < WORDS else cell.rjust(width) for column, (cell, width) in pairs)
        yield f"| {' | '.join(padded)} |"
