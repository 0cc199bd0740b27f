"""What was measured, as a picture: bars on a logarithmic scale, for light and dark pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from math import floor, log10

from benchmarks.peers.contender import Contender
from benchmarks.peers.table import Summary

WIDTH = 800
LEFT, RIGHT = 220, 740  # of the bars
ROW, BAR = 24, 14

STYLE = """
    text { font: 13px sans-serif; fill: #24292f; }
    .title { font-weight: bold; }
    .quiet { fill: #656d76; font-size: 11px; }
    .card { fill: #ffffff; }
    .grid { stroke: #d0d7de; }
    .ours { fill: #0969da; }
    .peer { fill: #8c959f; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .quiet { fill: #9198a1; }
      .card { fill: #0d1117; }
      .grid { stroke: #30363d; }
      .ours { fill: #4493f8; }
      .peer { fill: #6e7681; }
    }"""


def plot(summaries: Mapping[Contender, Summary]) -> str:
    """Two panels: workflows a second, and milliseconds for one."""
    height = (len(summaries) + 3) * ROW
    panels = [
        *_panel(summaries, "Workflows a second: longer is better", lambda its: its.rate, ROW),
        *_panel(summaries, "Milliseconds for one: shorter is better", lambda its: its.latency, ROW + height),
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {2 * height}" role="img">',
            f"  <style>{STYLE}\n  </style>",
            '  <rect class="card" width="100%" height="100%" rx="6"/>',
            *panels,
            "</svg>\n",
        ]
    )


def _panel(
    summaries: Mapping[Contender, Summary], title: str, figure: Callable[[Summary], float], top: int
) -> Iterator[str]:
    """A title, lines at powers of ten, and a bar for each contender."""
    figures = [figure(summary) for summary in summaries.values()]
    least, most = floor(log10(min(figures) * 0.9)), log10(max(figures) * 1.2)

    def x(value: float) -> float:
        return LEFT + (RIGHT - LEFT) * (log10(value) - least) / (most - least)

    bottom = top + (len(figures) + 1) * ROW - 10
    yield f'  <text class="title" x="16" y="{top + 4}">{title}</text>'
    for power in range(least, floor(most) + 1):
        at = x(10**power)
        yield f'  <line class="grid" x1="{at:.0f}" x2="{at:.0f}" y1="{top + 14}" y2="{bottom}"/>'
        yield f'  <text class="quiet" x="{at:.0f}" y="{bottom + 12}" text-anchor="middle">{10**power:,g}</text>'
    for number, (contender, value) in enumerate(zip(summaries, figures, strict=True), 1):
        y = top + number * ROW
        kind = "ours" if contender.module == "ours" else "peer"
        yield f'  <text x="16" y="{y + 4}">{escape(_label(contender))}</text>'
        yield f'  <rect class="{kind}" x="{LEFT}" y="{y - 7}" width="{x(value) - LEFT:.0f}" height="{BAR}" rx="2"/>'
        yield f'  <text class="quiet" x="{x(value) + 6:.0f}" y="{y + 4}">{value:.{0 if value >= 100 else 1}f}</text>'


def _label(contender: Contender) -> str:
    return f"{contender.name}, {contender.synchronous}" if contender.durability else contender.name
