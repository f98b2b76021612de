"""Replaces names, hosts and paths in a recording."""

from __future__ import annotations

import re

from flinkmock.cluster.chain_names import split_outside_parentheses

_PLAIN = re.compile(r"true|false|none|disable|-?\d+(\.\d+)? ?[a-zA-Z]{0,12}|PT[\dHMS.]+", re.ASCII)
"""Matches numbers, durations, sizes and switches."""
_PUBLIC_OPTIONS = re.compile(
    r"(jobmanager\.scheduler|scheduler-mode|restart-strategy(\.type)?|execution\.(checkpointing\.(externalized.*"
    r"|mode)|runtime-mode|target)|state\.backend(\.type)?|classloader\..*order|cluster\.evenly-spread-out-slots)"
)
"""Matches options whose values are constants of Flink."""
_HOST = re.compile(r"(.*[.-])?(host|address|hosts|addresses)")
_FILE_SYSTEM = re.compile(r"(?:[a-z][a-z0-9+.-]*:(?://)?)?")
_PATH = re.compile(r"(?:[a-z][a-z0-9+.-]*://|/)[^\s;,]*")
"""Matches options that are one path."""
_PLATFORM = ("java.", "javax.", "org.apache.flink.")


class Anonymizer:
    """Replaces each name with a neutral name, which is the same each time; replaces nothing if not `enabled`."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._replacements: dict[tuple[str, str], str] = {}

    def job(self, name: str) -> str:
        """Replace the name of a job."""
        return self._replace("job", name)

    def vertex(self, name: str) -> str:
        """Replace the names of a vertex's operators; keep the arrows, forks `(…, …)`, `Source: ` and `Sink: `."""
        return self._chain(name) if self.enabled else name

    def _chain(self, name: str) -> str:
        first, *others = split_outside_parentheses(name, " -> ")
        return " -> ".join([self._operator(first), *map(self._operator_or_fork, others)])

    def _operator_or_fork(self, name: str) -> str:
        if name.startswith("(") and name.endswith(")"):
            return f"({', '.join(map(self._chain, split_outside_parentheses(name[1:-1], ', ')))})"
        return self._operator(name)

    def _operator(self, name: str) -> str:
        prefix = next((word for word in ("Source: ", "Sink: ") if name.startswith(word)), "")
        return prefix + self._replace("operator", name)

    def group(self, name: str) -> str:
        """Replace the name of a slot sharing group."""
        return self._replace("group", name)

    def accumulator(self, name: str) -> str:
        """Replace the name of an accumulator."""
        return self._replace("accumulator", name)

    def path(self, path: str) -> str:
        """Replace the path of a savepoint; keep its file system."""
        if not self.enabled:
            return path
        file_system = _FILE_SYSTEM.match(path)
        return f"{file_system[0] if file_system else ''}/{self._replace('path', path)}"

    def option(self, key: str, value: str) -> str | None:
        """Return the value of one of Flink's options, or its replacement; None if the option must be omitted."""
        if not self.enabled or _PLAIN.fullmatch(value) or _PUBLIC_OPTIONS.fullmatch(key):
            return value
        if _HOST.fullmatch(key):
            return value if value in ("localhost", "0.0.0.0", "127.0.0.1") else self._replace("host", value)
        return self.path(value) if _PATH.fullmatch(value) else None

    def java_class(self, name: str) -> str:
        """Replace the name of a class, unless it is one of Flink or Java."""
        return name if not self.enabled or name.startswith(_PLATFORM) else "java.lang.RuntimeException"

    def _replace(self, kind: str, name: str) -> str:
        if not self.enabled:
            return name
        count = sum(other == kind for other, _ in self._replacements)
        return self._replacements.setdefault((kind, name), f"{kind}-{count + 1}")
