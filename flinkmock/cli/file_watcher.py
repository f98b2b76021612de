"""Watches files for changes by polling, which works on any file system."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

INTERVAL_S = 0.2
"""The time between two polls, in wall-clock seconds."""


class FileWatcher:
    """Waits until files change. Changes between two calls of `wait_for_change` are noticed, too."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._reported_state = self._read_state()

    async def wait_for_change(self) -> None:
        """Wait until a file is written, created or removed, and none has changed for one interval.

        The interval is necessary because editors may truncate a file before they write it.
        """
        import asyncio  # heavy, and not needed to parse the command line

        previous = self._reported_state
        while True:
            await asyncio.sleep(INTERVAL_S)
            current = self._read_state()
            if current == previous and current != self._reported_state:
                self._reported_state = current
                return
            previous = current

    def _read_state(self) -> list[tuple[int, int, int] | None]:
        return [_file_state(file) for file in self._files]


def _file_state(file: Path) -> tuple[int, int, int] | None:
    """Return a value that differs after each change, even if an editor replaces the file."""
    try:
        stat = os.stat(file)
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
