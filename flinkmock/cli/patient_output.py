"""Output that waits for a slow reader in a thread of its own, so that nothing else does."""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import TextIO

MAX_WAITING = 10_000
"""How many texts wait for the reader; further ones are left out."""
PATIENCE_S = 30.0
"""How long the end waits for the reader."""


class PatientOutput:
    """Writes texts to a stream, in their order, without waiting.

    If the reader does not read, texts wait; beyond `limit` they are left out, and a line with their number takes their
    place. If the reader has left, or the disk is full, all further texts are dropped.

    Args:
        stream: The stream.
        limit: How many texts may wait.
    """

    def __init__(self, stream: TextIO, limit: int = MAX_WAITING) -> None:
        self._stream = stream
        self._limit = limit
        self._waiting: deque[str] = deque()
        self._left_out = 0
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def print(self, text: str) -> None:
        """Print a text, followed by a line break."""
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._left_out += 1
                return
            self._append(text)

    def end(self, text: str = "", patience_s: float = PATIENCE_S) -> bool:
        """Print a last text, which is never left out, and wait for the reader.

        Args:
            text: The text.
            patience_s: How long to wait, in seconds.

        Returns:
            Whether everything was written, or dropped because there is no reader.
        """
        with self._changed:
            self._append(text)
            self._ended = True
        self._thread.join(patience_s)
        return not self._thread.is_alive()

    def _append(self, text: str) -> None:
        if self._left_out:
            self._waiting.append(f"({self._left_out} entries are left out, because nobody read the output)")
            self._left_out = 0
        if text:
            self._waiting.append(text)
        self._changed.notify()

    def _run(self) -> None:
        try:
            while lines := self._next():
                self._write("".join(f"{line}\n" for line in lines))
        except OSError:
            with self._changed:
                self._waiting = deque(maxlen=0)  # drops what is appended

    def _next(self) -> list[str]:
        """Return the texts that wait; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            lines = list(self._waiting)
            self._waiting.clear()
            return lines

    def _write(self, text: str) -> None:
        """Raises OSError.

        The stream's own buffer has a lock, for which the interpreter would wait at its end.
        """
        encoded = text.encode(self._stream.encoding or "utf-8", self._stream.errors or "strict")
        written = 0
        while written < len(encoded):
            written += os.write(self._stream.fileno(), encoded[written : written + 4096])
