"""Output that waits for a slow reader in a separate thread, so that the other threads do not wait."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

MAX_WAITING_ENTRIES = 10_000
"""The maximum number of entries that wait for the reader. Further ones are omitted."""
END_TIMEOUT_S = 30.0
"""How long `end` waits for the reader, in seconds."""
_MAX_WRITE_BYTES = 4096
"""The maximum number of bytes that are written at once."""


class NonBlockingOutput:
    """Writes entries to a stream, in order, without waiting.

    If the reader is slow, entries wait. Entries beyond `limit` are omitted, and a line with their number replaces them.
    If the reader has closed the stream, or the disk is full, all further entries are dropped.

    Args:
        stream: The stream.
        limit: The maximum number of waiting entries.
        on_error: Called in the writing thread if the stream can't be written any more.
    """

    def __init__(
        self, stream: TextIO, limit: int = MAX_WAITING_ENTRIES, on_error: Callable[[OSError], None] = lambda error: None
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._on_error = on_error
        self._waiting: deque[str] = deque()
        self._omitted_count = 0
        self._changed = threading.Condition()
        """Guards all attributes; is notified when an entry is appended or the output ends."""
        self._is_ended = False
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def print(self, text: str) -> None:
        """Print an entry, followed by a line break."""
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._omitted_count += 1
                return
            self._append(text)

    def end(self, text: str = "", timeout_s: float = END_TIMEOUT_S) -> bool:
        """Print a last entry, which is never omitted, and wait for the reader.

        Args:
            text: The entry; "": none.
            timeout_s: How long to wait, in seconds.

        Returns:
            Whether everything was written, or dropped because there is no reader.
        """
        with self._changed:
            self._append(text)
            self._is_ended = True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _append(self, text: str) -> None:
        if self._omitted_count:
            self._waiting.append(f"({self._omitted_count} entries are left out, because nobody read the output)")
            self._omitted_count = 0
        if text:
            self._waiting.append(text)
        self._changed.notify()

    def _run(self) -> None:
        try:
            while entries := self._take_waiting_entries():
                self._write("".join(f"{entry}\n" for entry in entries))
        except OSError as error:
            with self._changed:
                self._waiting = deque(maxlen=0)  # drops entries that are appended
            self._on_error(error)

    def _take_waiting_entries(self) -> list[str]:
        """Wait for entries and return them; return none after the output has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ended)
            entries = list(self._waiting)
            self._waiting.clear()
            return entries

    def _write(self, text: str) -> None:
        """Write a text. Raises OSError.

        The buffer of the stream is not used, because the interpreter would wait for its lock when it exits.
        """
        encoded = text.encode(self._stream.encoding or "utf-8", self._stream.errors or "strict")
        written = 0
        while written < len(encoded):
            written += os.write(self._stream.fileno(), encoded[written : written + _MAX_WRITE_BYTES])
