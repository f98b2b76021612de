"""What flinkmock tells its user when something can't be done.

FlinkMockError                     base of all of them
├── UnknownRelease (ValueError)    no such Flink release is known
├── ImportRefused (ValueError)     a file is no description of a REST API that can be read in
├── ScenarioError (ValueError)     a scenario can't be played; tells of all its mistakes at once
├── FakerMissing                   what a release's answers have beyond the model can't be made up
├── DashboardMissing               where Flink's dashboard should be, it is not
└── PortTaken                      somebody else listens there
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class FlinkMockError(Exception):
    """Base of everything that flinkmock raises for its user."""


class InvalidArgument(FlinkMockError, ValueError):
    """An argument has a value that is not allowed. The message names the allowed ones."""


class UnknownRelease(FlinkMockError, ValueError):
    """`asked` names no release of Flink; `known` are the minor releases that can be served, oldest first."""

    def __init__(self, asked: object, known: Sequence[str]) -> None:
        self.asked = asked
        self.known = tuple(known)
        close = get_close_matches(str(asked), known, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]}?" if close else ""
        if not isinstance(asked, str):  # as a number 1.20 is 1.2
            hint += " A release is written as text."
        super().__init__(f"Unknown Flink release {asked!r}.{hint} Known: {', '.join(known)}.")


class ImportRefused(FlinkMockError, ValueError):
    """A file that was to be read in as a contract is not one, or tells too little."""


class ScenarioError(FlinkMockError, ValueError):
    """A scenario that can't be played. `mistakes` has one text for each mistake, in the order of the file: where it is,
    what is wrong and what is allowed, then the line with a caret under the place."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


class FakerMissing(FlinkMockError):
    """A release read in from documentation needs Faker, and it is not installed."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Flink {version} was imported from its documentation. What its answers have beyond flinkmock's model is "
            "made up with Faker, which is not installed: pip install 'flinkmock[synthesis]'."
        )


class DashboardMissing(FlinkMockError):
    """A path that was to hold the files of Flink's dashboard doesn't, or holds those of another release."""


class PortTaken(FlinkMockError):
    """Another process listens on that address already."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        super().__init__(f"Port {port} on {host} is taken by another process. Port 0 takes a free one.")
