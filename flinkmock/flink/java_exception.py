"""A Java exception as a value, and the stack trace that Java prints of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JavaException:
    """A Java exception as Flink would print it: class, message and what caused it."""

    java_class: str
    message: str | None = None
    cause: JavaException | None = None
    frames: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.java_class if self.message is None else f"{self.java_class}: {self.message}"

    def chain(self) -> tuple[JavaException, ...]:
        """This throwable and its causes, outermost first."""
        return (self, *(self.cause.chain() if self.cause else ()))


def stack_trace(
    throwable: JavaException, frames: Sequence[str] = (), *, of_causes: Sequence[str] | None = None, more: int = 0
) -> str:
    """As `Throwable.printStackTrace` writes it: the first line, the calls, each cause; ends with a line end.

    Args:
        frames: the calls of a throwable that has none of its own.
        of_causes: those of a cause; None: the same.
        more: how many calls a cause has in common with what it caused, `... 5 more`.
    """
    lines = [str(throwable), *(f"\tat {frame}" for frame in throwable.frames or frames)]
    for cause in throwable.chain()[1:]:
        lines += [f"Caused by: {cause}"]
        lines += [f"\tat {frame}" for frame in cause.frames or (frames if of_causes is None else of_causes)]
        lines += [f"\t... {more} more"] if more and not cause.frames else []
    return "\n".join(lines) + "\n"
