"""The pictures of a report."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recommender.evaluation.metrics import gini
from recommender.facts.errors import InvalidInput
from recommender.mongo.models import ModelCard

try:
    import matplotlib as mpl

    mpl.use("Agg")  # Before pyplot: a server has no screen.
    import matplotlib.pyplot as plt
    import seaborn as sns
    from cycler import cycler
    from matplotlib.axes import Axes
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
except ImportError as error:
    raise InvalidInput(
        "report", f"needs the package {error.name}: pip install 'shop-recommender[plots]'"
    ) from error

from workers.inline_svg import inline_svg
from workers.plot_style import STYLE

INK, MUTED, GRID = "#1b1b1f", "#5b5b66", "#dcdce2"
COLOURS = (
    "#0f4c81",
    "#c1272d",
    "#2e7d32",
    "#b85c00",
    "#7b4ea3",
    "#16807a",
    "#b83280",
    "#6b6b6b",
)
"""By day, in the order in which they are used. Each can be told from white, and its fellow of the
night from black."""
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    **{colour: f"var(--c{n})" for n, colour in enumerate(COLOURS, 1)},
}
"""What the page calls them."""
SIZE = (4.8, 3.3)
"""Inches of 72 points: as wide as a phone, so that a text of 9.5 points can be read there."""
LOOK: dict[str, Any] = {
    **STYLE,
    "font.size": 9.5,
    "axes.titlesize": 10,
    "figure.dpi": 72,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "axes.prop_cycle": cycler(color=COLOURS),
    "svg.fonttype": "none",
    "svg.hashsalt": "report",
    # A product may be called "$5 off_".
    "text.parse_math": False,
}
MARKERS = "osD^vPX*"
BASELINE_STYLES = ("-", "--", ":")
LONGEST_NAME = 26
FEWEST_DAYS = 7
"""That a frame spans."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture for a page."""

    title: str
    svg: str
    note: str = ""
    """What has to be known to read it."""


@dataclass(frozen=True, slots=True)
class Line:
    """Values over time."""

    name: str
    values: NDArray[np.float64]


@contextmanager
def look() -> Iterator[None]:
    """The style of all of them, while in the block."""
    with plt.style.context(LOOK), warnings.catch_warnings():
        # Then it takes what comes nearest, which is what we want.
        warnings.filterwarnings("ignore", message="AutoDateLocator was unable to pick")
        yield


def over_time(
    name: str,
    title: str,
    alt: str,
    at: Sequence[datetime],
    lines: Sequence[Line],
    label: str,
    note: str = "",
) -> Plot:
    """Lines over the same time, in one frame."""
    frame = pd.concat(
        [pd.DataFrame({"at": list(at), "value": line.values, "of": line.name}) for line in lines]
    )
    figure, axis = _frame()
    sns.lineplot(
        frame, x="at", y="value", hue="of", style="of", dashes=False,
        markers=list(MARKERS[: len(lines)]) if len(at) < 40 else False,
        palette=list(COLOURS[: len(lines)]), ax=axis, errorbar=None, linewidth=1.8,
        markersize=5, markeredgewidth=0, legend=len(lines) > 1,
    )  # fmt: skip
    _dates(axis)
    _amounts(axis, label)
    if len(lines) > 1:
        _legend(figure, axis, 3)
    return _plot(figure, name, title, alt, note)


def small_multiples(
    name: str,
    title: str,
    alt: str,
    at: Sequence[datetime],
    lines: Sequence[Line],
    label: str,
    note: str = "",
    *,
    alike: bool = True,
) -> Plot:
    """Lines over the same time, each in a frame of its own; by one scale, if they are alike."""
    rows = -(-len(lines) // 2)
    figure, axes = plt.subplots(
        rows,
        2,
        figsize=(SIZE[0], 0.5 + 1.25 * rows),
        layout="constrained",
        sharex=True,
        sharey=alike,
        squeeze=False,
    )
    for n, axis in enumerate(axes.flat):
        if n >= len(lines):
            axis.set_visible(False)
            continue
        sns.lineplot(x=list(at), y=lines[n].values, ax=axis, color=COLOURS[0], errorbar=None)
        axis.set_title(_short(lines[n].name), loc="left", fontsize=9.5)
        _dates(axis, 3)
        _amounts(axis, "")
    figure.supylabel(label, fontsize=9.5, color=MUTED)
    return _plot(figure, name, title, alt, note)


def long_tail(name: str, title: str, of: Mapping[str, NDArray[np.int64]], note: str = "") -> Plot:
    """Lorenz curves: which share of it all the least of the products have together."""
    figure, axis = _frame()
    axis.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle="--", label="all alike")
    said = []
    for n, (what, counts) in enumerate(of.items()):
        ordered = np.sort(counts)
        share = np.concatenate([[0.0], np.cumsum(ordered) / max(int(ordered.sum()), 1)])
        # A curve of a hundred thousand products looks like one of two hundred points.
        places = np.unique(np.linspace(0, len(share) - 1, 200).astype(int))
        unequal = gini(counts)
        axis.plot(
            places / max(len(share) - 1, 1),
            share[places],
            color=COLOURS[n],
            label=f"{what}, Gini {unequal:.2f}",
            linewidth=2,
        )
        said.append(f"{what}: Gini {unequal:.2f}")
    for which in (axis.xaxis, axis.yaxis):
        which.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_xlabel("products, those with least first")
    axis.set_ylabel("share of all")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    _legend(figure, axis, 1)
    return _plot(figure, name, title, f"Lorenz curves. {'; '.join(said)}.", note)


def versions(name: str, title: str, cards: Sequence[ModelCard], measure: str, k: int) -> Plot:
    """A measure of each model and of the baselines that were measured beside it."""
    figure, axis = _frame()
    models = list(dict.fromkeys(m for card in cards for m in card.metrics))
    said = []
    for n, model in enumerate(models):
        known = [
            (place, *_interval(card, model, measure, k))
            for place, card in enumerate(cards)
            if f"{measure}@{k}" in card.metrics.get(model, {})
        ]
        if not known:
            continue
        place, mean, low, high = np.array(known).T
        # Beside each other, so that no interval hides another.
        axis.errorbar(
            place + (n - (len(models) - 1) / 2) * 0.12,
            mean,
            yerr=[np.maximum(mean - low, 0), np.maximum(high - mean, 0)],
            color=COLOURS[n % len(COLOURS)],
            marker=MARKERS[n % len(MARKERS)],
            linestyle=BASELINE_STYLES[n % len(BASELINE_STYLES)],
            capsize=3,
            linewidth=1.8,
            markersize=5,
            label=model,
        )
        said.append(f"{model} {mean[-1]:.3f} ({low[-1]:.3f} to {high[-1]:.3f})")
    days = {f"{card.trained_at:%Y-%m-%d}" for card in cards}
    spelled = "%Y-%m-%d" if len(days) == len(cards) else "%m-%d %H:%M"
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.xaxis.set_major_formatter(
        FuncFormatter(
            lambda x, _: f"{cards[round(x)].trained_at:{spelled}}" if _is_place(x, cards) else ""
        )
    )
    axis.set_xlim(-0.5, len(cards) - 0.5)
    axis.set_ylim(bottom=0)
    axis.set_ylabel(f"{measure.upper()}@{k}, with 95 % intervals")
    axis.set_xlabel("model, by when it was trained")
    _legend(figure, axis, 3)
    return _plot(figure, name, title, f"The latest of {len(cards)} models: {'; '.join(said)}.")


def by_length(name: str, title: str, card: ModelCard) -> Plot:
    """Precision and recall by the length of the list, with bands."""
    figure, axes = plt.subplots(1, 2, figsize=SIZE, layout="constrained", sharex=True)
    said = []
    for axis, measure in zip(axes, ("precision", "recall"), strict=True):
        for n, (model, measures) in enumerate(card.curves.items()):
            curve = measures[measure]
            lengths = np.arange(1, len(curve["mean"]) + 1)
            colour = COLOURS[n % len(COLOURS)]
            axis.fill_between(
                lengths, curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0
            )
            axis.plot(
                lengths,
                curve["mean"],
                color=colour,
                label=model,
                linewidth=1.8,
                linestyle=BASELINE_STYLES[n % len(BASELINE_STYLES)],
            )
            said.append(f"{measure} of {model} at {lengths[-1]}: {curve['mean'][-1]:.3f}")
        axis.set_title(measure, loc="left", fontweight="bold")
        axis.set_xlabel("products on the list")
        axis.set_ylim(bottom=0)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    _legend(figure, axes[0], 3)
    return _plot(
        figure, name, title, "; ".join(said) + ".", "The bands hold the mean with 95 % confidence."
    )


def shares(
    name: str,
    title: str,
    of: Mapping[str, tuple[float, float, float]],
    label: str,
    note: str = "",
) -> Plot:
    """Bars of shares from 0 to 1: each the share, and how low and high it may be."""
    figure, axis = plt.subplots(figsize=(SIZE[0], 0.9 + 0.42 * len(of)), layout="constrained")
    names = [_short(what) for what in of]
    share, low, high = np.array(list(of.values())).T
    sns.barplot(x=share, y=names, ax=axis, color=COLOURS[0], saturation=1, width=0.6, errorbar=None)
    if (high > low).any():
        axis.errorbar(
            share,
            np.arange(len(names)),
            xerr=[np.maximum(share - low, 0), np.maximum(high - share, 0)],
            fmt="none",
            ecolor=INK,
            capsize=3,
            linewidth=1.2,
        )
    for n, (value, top) in enumerate(zip(share, high, strict=True)):
        axis.annotate(
            f"{value:.1%}", (max(value, top), n), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=9,
        )  # fmt: skip
    axis.grid(visible=False, axis="y")
    axis.set_xlim(0, max(float(high.max()), 0.001) * 1.22)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.set_xlabel(label)
    axis.set_ylabel("")
    said = "; ".join(f"{what} {value[0]:.1%}" for what, value in of.items())
    return _plot(figure, name, title, f"{said}.", note)


def _interval(card: ModelCard, model: str, measure: str, k: int) -> tuple[float, float, float]:
    """The mean and its bounds; three times the mean where they were not kept."""
    mean = card.metrics[model][f"{measure}@{k}"]
    curve = card.curves.get(model, {}).get(measure)
    if curve is None or len(curve["mean"]) < k:
        return mean, mean, mean
    return mean, curve["low"][k - 1], curve["high"][k - 1]


def _is_place(x: float, of: Sequence[object]) -> bool:
    return abs(x - round(x)) < 1e-6 and 0 <= round(x) < len(of)


def _frame() -> tuple[Figure, Axes]:
    return plt.subplots(figsize=SIZE, layout="constrained")


def _plot(figure: Figure, name: str, title: str, alt: str, note: str = "") -> Plot:
    svg = inline_svg(figure, name, f"{title}. {alt}", VARIABLES)
    plt.close(figure)
    return Plot(title, svg, note)


def _legend(figure: Figure, axis: Axes, columns: int) -> None:
    handles, labels = axis.get_legend_handles_labels()
    if legend := axis.get_legend():
        legend.remove()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns)


def _dates(axis: Axes, most: int = 5) -> None:
    if axis.dataLim.width == 0:
        # A single moment would be shown in the middle of four years.
        axis.set_xlim(axis.dataLim.x0 - FEWEST_DAYS / 2, axis.dataLim.x0 + FEWEST_DAYS / 2)
    locator = AutoDateLocator(minticks=2, maxticks=most)  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axis.set_xlabel("")


def _amounts(axis: Axes, label: str) -> None:
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(MaxNLocator(5))
    axis.yaxis.set_major_formatter(FuncFormatter(_compact))
    axis.set_ylabel(label)


def _compact(value: float, _: object = None) -> str:
    """The value in few characters.

    >>> _compact(1_500_000), _compact(20_000), _compact(0.5)
    ('1.5 M', '20 k', '0.5')
    """
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
