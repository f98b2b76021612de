"""Files that are watched for changes: looked at now and then, which works on any file system."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

INTERVAL = 0.2
"""Seconds between two looks at the files."""


class FileWatcher:
    """Files, as they were when this was made or when they last changed."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._known = self._look()

    async def change(self) -> None:
        """Returns when one of them has been written, made or removed, and then all were left alone for a moment: an
        editor may empty a file before it writes it."""
        import asyncio  # which no other command needs

        before = self._known
        while True:
            await asyncio.sleep(INTERVAL)
            now = self._look()
            if now == before != self._known:
                self._known = now
                return
            before = now

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_mark(file) for file in self._files]


def _mark(file: Path) -> tuple[int, int, int] | None:
    """Another one after each change, also when an editor puts a new file in the old one's place."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
