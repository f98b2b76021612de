"""Output to terminals and files: characters, colours, progress, closed pipes, full disks."""

from __future__ import annotations

import codecs
import os
import re
import sys
from typing import TextIO

PROGRESS_BAR_WIDTH = 24
"""The width of the bar, in characters."""
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "grey": "90"}
_ASCII_REPLACEMENTS = {
    "→": "->",
    "←": "<-",
    "…": "...",
    "–": "-",
    "—": "-",
    "─": "-",
    "┄": "-",
    "│": "|",
    "×": "x",
    "·": ".",
    "•": "*",
    "≥": ">=",
    "≤": "<=",
    "„": '"',
    "“": '"',
    "”": '"',
    "’": "'",
}
_ERROR_HANDLER_NAME = "flinkmock-ascii"
"""The name of the error handler for characters that an encoding lacks."""
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Control characters, line breaks, and characters that are invisible or change the direction of a text."""


def prepare() -> None:
    """Make standard output and error replace characters that their encoding lacks: in UTF-8, lone surrogates."""
    codecs.register_error(_ERROR_HANDLER_NAME, _replace_characters)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_ERROR_HANDLER_NAME)


def _replace_characters(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    replacements = (
        _ASCII_REPLACEMENTS.get(character) or character.encode("ascii", "backslashreplace").decode()
        for character in characters
    )
    return "".join(replacements), error.end


def flush() -> None:
    """Write buffered output. Raises OSError, which Python would otherwise report at its exit."""
    if sys.stdout is not None:
        sys.stdout.flush()


def silence() -> None:
    """Redirect standard output to the null device, so that nothing is written when Python flushes it at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def printable(text: str) -> str:
    r"""Return the text with control and invisible characters escaped (`\x1b`), which else could forge or hide lines."""
    return text if text.isprintable() else _UNPRINTABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def paint(text: str, colour: str, stream: TextIO | None = None) -> str:
    """Return the text in a colour, if the stream (default: standard output) is a terminal that shows colours.

    See https://no-color.org.
    """
    shows_colours = (
        is_terminal(stream or sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if shows_colours else text


def paint_status(status: int, stream: TextIO | None = None) -> str:
    """Return the status of a response, in the colour of its class; "---" if there was no response.

    Args:
        status: The status; 0 if there was no response.
        stream: The stream to which the text is written, as in `paint`.
    """
    text = str(status or "---")
    if status == 0 or status >= 500:
        return paint(text, "red", stream)
    return paint(text, "green" if status < 400 else "yellow", stream)


def draw_progress_bar(done: int, total: int, label: str) -> None:
    """Draw a progress bar on one line of standard error; erase it if `done` equals `total`."""
    filled = PROGRESS_BAR_WIDTH * done // total
    line = f"[{'#' * filled}{' ' * (PROGRESS_BAR_WIDTH - filled)}] {done}/{total} {label}" if done < total else ""
    print(f"\r{line[:100]:100}", end="" if line else "\r", file=sys.stderr, flush=True)
