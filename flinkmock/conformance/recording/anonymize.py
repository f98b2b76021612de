"""Replaces names, hosts and paths in a recording."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"true|false|none|disable|-?\d+(\.\d+)? ?[a-zA-Z]{0,12}|PT[\dHMS.]+", re.ASCII)
"""Matches numbers, durations, sizes and switches."""
_PUBLIC_OPTIONS = re.compile(
    r"(jobmanager\.scheduler|scheduler-mode|restart-strategy(\.type)?|execution\.(checkpointing\.(externalized.*"
    r"|mode)|runtime-mode|target)|state\.backend(\.type)?|classloader\..*order|cluster\.evenly-spread-out-slots)"
)
"""Matches options whose values are constants of Flink."""
_HOST = re.compile(r"(.*[.-])?(host|address|hosts|addresses)")
_PATH = re.compile(r"(?:([a-z][a-z0-9+.-]*)://[^\s;,]*|/[^\s;,]*)")
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
        """Replace the name of a vertex; keep the number of its operators, and `Source: ` and `Sink: `."""
        return " -> ".join(self._operator(part) for part in name.split(" -> ")) if self.enabled else name

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
        """Replace a savepoint path; keep its file system."""
        return _PATH.sub(self._replace_path, path) if self.enabled else path

    def option(self, key: str, value: str) -> str | None:
        """Return the value of one of Flink's options, or its replacement; None if the option must be omitted."""
        if not self.enabled or _PLAIN.fullmatch(value) or _PUBLIC_OPTIONS.fullmatch(key):
            return value
        if _HOST.fullmatch(key):
            return value if value in ("localhost", "0.0.0.0", "127.0.0.1") else self._replace("host", value)
        return _PATH.sub(self._replace_path, value) if _PATH.fullmatch(value) else None

    def java_class(self, name: str) -> str:
        """Replace the name of a class, unless it is one of Flink or Java."""
        return name if not self.enabled or name.startswith(_PLATFORM) else "java.lang.RuntimeException"

    def _replace_path(self, match: re.Match[str]) -> str:
        scheme = f"{match[1]}://" if match[1] else ""
        return f"{scheme}/{self._replace('path', match[0])}"

    def _replace(self, kind: str, name: str) -> str:
        if not self.enabled:
            return name
        count = sum(other == kind for other, _ in self._replacements)
        return self._replacements.setdefault((kind, name), f"{kind}-{count + 1}")
