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
    exception: JavaException,
    frames: Sequence[str] = (),
    *,
    cause_frames: Sequence[str] | None = None,
    common_frame_count: int = 0,
) -> str:
    """Return the text of `Throwable.printStackTrace`: first line, frames and causes, with a newline at the end.

    Args:
        exception: The exception.
        frames: The frames to print if the exception has none.
        cause_frames: The frames to print for causes that have none; by default the same as `frames`.
        common_frame_count: How many frames a cause shares with the exception that it caused, for the line `... 5 more`.
    """
    if cause_frames is None:
        cause_frames = frames
    lines = [str(exception), *(f"\tat {frame}" for frame in exception.frames or frames)]
    for cause in exception.chain()[1:]:
        lines.append(f"Caused by: {cause}")
        lines += [f"\tat {frame}" for frame in cause.frames or cause_frames]
        if common_frame_count and not cause.frames:
            lines.append(f"\t... {common_frame_count} more")
    return "\n".join(lines) + "\n"
