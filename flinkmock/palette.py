"""The colours of plans and of the console, for light and dark backgrounds.

The hues are distinguishable for colour-blind people (Okabe and Ito, 2008). RESTARTING and FAILING are hatched as
well, and the last bar of a job that has ended is pale.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A fill colour for light and for dark backgrounds, and the colour of text on it."""

    light: str
    dark: str
    text: str = "#ffffff"


STATE_COLOURS = {
    "INITIALIZING": Colour("#c3cfdb", "#66778a", "#14202b"),
    "CREATED": Colour("#8fc7ee", "#3f7ea8", "#14202b"),
    "RUNNING": Colour("#00916a", "#12a67c", "#ffffff"),
    "RESTARTING": Colour("#f0b429", "#e0a31c", "#14202b"),
    "FAILING": Colour("#d9622b", "#d9622b", "#ffffff"),
    "FAILED": Colour("#a01c3a", "#c22f52", "#ffffff"),
    "CANCELLING": Colour("#c9a3c4", "#9c7298", "#14202b"),
    "CANCELED": Colour("#8a5b86", "#a678a2", "#ffffff"),
    "FINISHED": Colour("#0b64a8", "#2f86cc", "#ffffff"),
    "SUSPENDED": Colour("#7a7a7a", "#8c8c8c", "#ffffff"),
    "RECONCILING": Colour("#b5b08a", "#8d8965", "#14202b"),
}
"""The colours of job states."""
OTHER_COLOURS = {
    "ground": Colour("#ffffff", "#0d1117"),
    "ink": Colour("#1f2933", "#e6edf3"),
    "faint": Colour("#5d6b78", "#9aa7b4"),
    "line": Colour("#d5dce3", "#2d3640"),
    "good": Colour("#0b64a8", "#58a6ff"),
    "bad": Colour("#b3261e", "#ff7b72"),
    "fault": Colour("#b3261e", "#ff7b72"),
}
"""The colours of everything else."""


def css(selector: str = ".plan") -> str:
    """Return CSS custom properties for a selector: the light colours, and the dark ones for users who prefer them.

    `--s-STATE` is the fill colour of a job state, and `--t-STATE` is the colour of text on it.
    """
    properties = {f"s-{name.lower()}": colour for name, colour in STATE_COLOURS.items()}
    properties |= {f"t-{name.lower()}": Colour(colour.text, colour.text) for name, colour in STATE_COLOURS.items()}
    properties |= OTHER_COLOURS
    light = "".join(f"--{name}:{colour.light};" for name, colour in properties.items())
    dark = "".join(f"--{name}:{colour.dark};" for name, colour in properties.items() if colour.dark != colour.light)
    return f"{selector}{{{light}}}@media(prefers-color-scheme:dark){{{selector}{{{dark}}}}}"
