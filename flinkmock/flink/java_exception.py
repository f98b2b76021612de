"""Java exceptions as values, with the stack traces that Java prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JavaException:
    """A Java exception: class, message, cause and frames. `str` returns the first line of its stack trace."""

    java_class: str
    message: str | None = None
    cause: JavaException | None = None
    frames: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.java_class if self.message is None else f"{self.java_class}: {self.message}"

    def chain(self) -> tuple[JavaException, ...]:
        """Return this exception and its causes, outermost first."""
        return (self, *(self.cause.chain() if self.cause else ()))


def stack_trace(
    exception: JavaException, frames: Sequence[str] = (), *, of_causes: Sequence[str] | None = None, more: int = 0
) -> str:
    """Return the text of `Throwable.printStackTrace`: first line, frames and causes, with a newline at the end.

    Args:
        exception: The exception.
        frames: The frames of an exception that has none.
        of_causes: The frames of causes that have none; None for the same as `frames`.
        more: How many frames a cause shares with the exception that it caused, for the line `... 5 more`.
    """
    lines = [str(exception), *(f"\tat {frame}" for frame in exception.frames or frames)]
    for cause in exception.chain()[1:]:
        lines += [f"Caused by: {cause}"]
        lines += [f"\tat {frame}" for frame in cause.frames or (frames if of_causes is None else of_causes)]
        lines += [f"\t... {more} more"] if more and not cause.frames else []
    return "\n".join(lines) + "\n"
