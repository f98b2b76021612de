"""A frame of a stack."""

from __future__ import annotations

from dataclasses import dataclass

LAMBDA = -1
NATIVE = -2
"""What StackTraceElement.getLineNumber returns for methods without line numbers (lambdas) and native methods."""


def source_file_of(class_name: str) -> str:
    """Return the name of the source file of a class; a nested class is in the file of its outermost class."""
    return class_name.rpartition(".")[2].partition("$")[0] + ".java"


@dataclass(frozen=True, slots=True)
class Frame:
    """A method on a stack, with its line number. `source` is the file's name if the class's name does not tell it."""

    class_name: str
    method: str
    line: int
    source: str | None = None

    @property
    def name(self) -> str:
        """Return the frame as in flame graphs: `class.method:line`."""
        return f"{self.class_name}.{self.method}:{self.line}"

    @property
    def file(self) -> str:
        return self.source or source_file_of(self.class_name)

    def thread_dump_text(self) -> str:
        """Return the frame as in thread dumps: `class.method(File.java:line)`."""
        source = {LAMBDA: "Unknown Source", NATIVE: "Native Method"}.get(self.line, f"{self.file}:{self.line}")
        return f"{self.class_name}.{self.method}({source})"
