"""The colours of the charts: each to be seen on white and on the dark page (a contrast of 2.7 at least).

The colours of text and grid are the reader's (light or dark): page.html has them, draw.js hands them to the charts.
"""

from collections.abc import Sequence

BLUE, ORANGE, GREEN, PINK, VIOLET, OCHRE, GREY = PALETTE = [
    "#3b82c4",
    "#d9691f",
    "#2fa084",
    "#c55a8a",
    "#8f7ad6",
    "#b09127",
    "#8a94a3",
]
# Once round the hues, from ochre to orange; neighbours differ in lightness, too (OKLCH 0.67, 0.60, 0.53).
SPECTRUM = [
    "#af930d",
    "#7d8906",
    "#3c7f08",
    "#00b16c",
    "#059580",
    "#017b7f",
    "#07a6c7",
    "#0589c7",
    "#1c64d7",
    "#8484fd",
    "#955ddd",
    "#9c39ab",
    "#e05cb4",
    "#d53f75",
    "#c22630",
    "#ef640c",
]
# Without those next to this year's orange. Five steps on: years that follow one another are far apart.
EARLIER_YEARS = [SPECTRUM[5 * step % 14] for step in range(14)]
# From easy to hard.
ZONES = ["#8a94a3", "#3b82c4", "#2fa084", "#b09127", "#d9691f", "#c22630", "#9c39ab"]


def year_colours(count: int) -> list[str]:
    """A colour for each of so many years, the oldest first: this year's is its own, very old ones share a grey."""
    earlier = [*EARLIER_YEARS, *[GREY] * count][: count - 1]
    return [*reversed(earlier), ORANGE]


def spectrum(count: int) -> list[str]:
    """Colours of things in an order, such as distances; from the seventeenth on they begin anew."""
    if count > len(SPECTRUM):
        return [SPECTRUM[place % len(SPECTRUM)] for place in range(count)]
    return [SPECTRUM[place * len(SPECTRUM) // count] for place in range(count)]


def named(names: Sequence[str], looks: Sequence[object]) -> dict[str, object]:
    """A Vega-Lite scale that gives each name its colour, or its dashes."""
    return {"domain": list(names), "range": list(looks[: len(names)])}
