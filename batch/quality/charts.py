"""Charts as inline SVG: text stays text, so that the browser's fonts show Korean; colours follow the page, light or dark."""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape
from io import StringIO
from typing import Any

from matplotlib import dates as calendar
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from batch.quality.trend import AHEAD_DAYS, Point, Trend

INK, GRID, ACCENT, WARN = "#010203", "#040506", "#2f7ed8", "#d9534f"
"""The first two stand in for colours of the page, and are replaced by them."""
LINES = ("#2f7ed8", "#1a9c77", "#c47f17", "#8e62c9", "#d9534f")
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "aegis",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": GRID,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_SIZE = re.compile(r'(<svg[^>]*?) width="[^"]*"', re.DOTALL)
_HEIGHT = re.compile(r'(<svg[^>]*?) height="[^"]*"', re.DOTALL)
_POINTS_PER_INCH = 72
_WIDTH = 7.0


def lines(series: Mapping[str, Sequence[Point]], alt: str, *, threshold: float | None = None, forecast: Trend | None = None) -> str:
    """One line a series over its days, with the threshold and the first one's forecast."""
    with rc_context(_STYLE):
        figure, axes = _figure(2.2, left=0.6, top=0.55, bottom=0.5)
        for number, (name, points) in enumerate(series.items()):
            days, values = [day for day, _ in points], [value for _, value in points]
            axes.plot(_ordinals(days), values, color=LINES[number % len(LINES)], marker="o", markersize=3, linewidth=2 if number == 0 else 1.2, label=name)
        if forecast is not None and (first := next(iter(series.values()), ())):
            last = first[-1][0]
            axes.plot(
                _ordinals([last, last + timedelta(days=AHEAD_DAYS)]), [forecast.level, forecast.forecast], color=LINES[0], linestyle=":", label="forecast"
            )
        if threshold is not None:
            axes.axhline(threshold, color=WARN, linewidth=1, linestyle="--", label=f"threshold {threshold:g}")
            axes.set_ylim(0, 1.02)
        axes.set_xlim(*_span([day for points in series.values() for day, _ in points], ahead=forecast is not None))
        locator = calendar.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(calendar.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.grid(axis="y", linewidth=0.5)
        axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
        return _svg(figure, alt)


def bars(values: Mapping[str, float], alt: str, *, mark: float | None = None, whole: float | None = 1.0, percent: bool = True) -> str:
    """A horizontal bar for each share, the first on top; a dashed line at `mark`. `whole`: what the axis ends at; None: the greatest."""
    names = list(values)
    with rc_context(_STYLE):
        figure, axes = _figure(0.1 + 0.26 * len(names), left=max((_width(name) for name in names), default=0.0) + 0.15)
        axes.barh(range(len(names)), list(values.values()), color=ACCENT, height=0.66)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, whole or max([*values.values(), 0.01]) * 1.12)
        for place, value in enumerate(values.values()):
            axes.annotate(f"{value:.1%}" if percent else f"{value:.3f}", (value, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        if mark is not None:
            axes.axvline(mark, color=WARN, linewidth=1, linestyle="--")
        if percent:
            axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.tick_params(axis="y", length=0)
        return _svg(figure, alt)


def histogram(counts: Sequence[int], alt: str, *, mark: float) -> str:
    """Bars over equal bins from 0 to 1, those below `mark` in the colour of warnings."""
    with rc_context(_STYLE):
        figure, axes = _figure(1.8, left=0.6, bottom=0.5)
        width = 1 / len(counts)
        colours = [WARN if (number + 1) * width <= mark + 1e-9 else ACCENT for number in range(len(counts))]
        axes.bar([(number + 0.5) * width for number in range(len(counts))], counts, width=width * 0.9, color=colours)
        axes.axvline(mark, color=WARN, linewidth=1, linestyle="--")
        axes.set_xlim(0, 1)
        axes.set_xlabel("quality score")
        axes.grid(axis="y", linewidth=0.5)
        axes.set_axisbelow(True)
        return _svg(figure, alt)


def _figure(height: float, *, left: float, top: float = 0.1, bottom: float = 0.3) -> tuple[Figure, Axes]:
    """Axes `height` inches high with margins for labels: the browser's letters are wider than those that matplotlib measures."""
    whole = height + top + bottom
    figure = Figure(figsize=(_WIDTH, whole))
    return figure, figure.add_axes((left / _WIDTH, bottom / whole, 1 - (left + 0.65) / _WIDTH, height / whole))


def _width(text: str) -> float:
    """Inches of a label of 10 points; Korean letters are twice as wide as Latin ones."""
    return sum(10.5 if unicodedata.east_asian_width(letter) in "WF" else 6.2 for letter in text) / _POINTS_PER_INCH


def _span(days: Sequence[date], *, ahead: bool) -> tuple[float, float]:
    """First and last day of the axis: a week at least, and room for the forecast."""
    first, last = min(days, default=date.min), max(days, default=date.min)
    first = min(first, last - timedelta(days=6)) if days else first
    low, high = _ordinals([first, last])
    return low - 0.5, high + (AHEAD_DAYS if ahead else 0) + 0.5


def _ordinals(days: Sequence[date]) -> list[float]:
    return [float(each) for each in calendar.date2num(days)]  # type: ignore[no-untyped-call]


def _svg(figure: Figure, alt: str) -> str:
    written = StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    svg = _HEIGHT.sub(r"\1", _SIZE.sub(r"\1", _HEAD.sub("", written.getvalue(), count=1), count=1), count=1)
    svg = svg.replace(INK, "currentColor").replace(GRID, "var(--grid)")
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
