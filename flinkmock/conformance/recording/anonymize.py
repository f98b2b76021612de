"""What a recording may tell of names, hosts and paths: all of it, or nothing that leads back to the real cluster."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"true|false|none|disable|-?\d+(\.\d+)? ?[a-zA-Z]{0,12}|PT[\dHMS.]+", re.ASCII)
"""Numbers, lengths of time, sizes, switches."""
_TELLING_NOTHING = re.compile(
    r"(jobmanager\.scheduler|scheduler-mode|restart-strategy(\.type)?|execution\.(checkpointing\.(externalized.*"
    r"|mode)|runtime-mode|target)|state\.backend(\.type)?|classloader\..*order|cluster\.evenly-spread-out-slots)"
)
"""Options whose values are Flink's own words."""
_HOST = re.compile(r"(.*[.-])?(host|address|hosts|addresses)")
_PATH = re.compile(r"(?:([a-z][a-z0-9+.-]*)://[^\s;,]*|/[^\s;,]*)")
_PLATFORM = ("java.", "javax.", "org.apache.flink.")


class Scrubber:
    """Replaces what is a name by one that means nothing, the same each time; `on` False leaves everything as it is."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self._told: dict[tuple[str, str], str] = {}

    def job(self, name: str) -> str:
        return self._replaced("job", name)

    def vertex(self, name: str) -> str:
        """A source stays one to be seen by its name, and a chain as long as it was."""
        return " -> ".join(self._operator(part) for part in name.split(" -> ")) if self.on else name

    def _operator(self, name: str) -> str:
        head = next((word for word in ("Source: ", "Sink: ") if name.startswith(word)), "")
        return head + self._replaced("operator", name)

    def group(self, name: str) -> str:
        return self._replaced("group", name)

    def accumulator(self, name: str) -> str:
        return self._replaced("accumulator", name)

    def path(self, path: str) -> str:
        """Where a savepoint lies: its file system stays."""
        return _PATH.sub(self._shown_path, path) if self.on else path

    def option(self, key: str, value: str) -> str | None:
        """The value of one of Flink's options; None if nothing may be told of it."""
        if not self.on or _PLAIN.fullmatch(value) or _TELLING_NOTHING.fullmatch(key):
            return value
        if _HOST.fullmatch(key):
            return value if value in ("localhost", "0.0.0.0", "127.0.0.1") else self._replaced("host", value)
        return _PATH.sub(self._shown_path, value) if _PATH.fullmatch(value) else None

    def java_class(self, name: str) -> str:
        """Flink's and Java's classes are no secret."""
        return name if not self.on or name.startswith(_PLATFORM) else "java.lang.RuntimeException"

    def _shown_path(self, match: re.Match[str]) -> str:
        scheme = f"{match[1]}://" if match[1] else ""
        return f"{scheme}/{self._replaced('path', match[0])}"

    def _replaced(self, kind: str, name: str) -> str:
        if not self.on:
            return name
        count = sum(known == kind for known, _ in self._told)
        return self._told.setdefault((kind, name), f"{kind}-{count + 1}")
