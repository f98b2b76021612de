"""Output that waits for a slow reader in a separate thread, so that the other threads do not wait."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

MAX_WAITING_TEXTS = 10_000
"""The maximum number of texts that wait for the reader. Further ones are omitted."""
END_TIMEOUT_S = 30.0
"""How long `end` waits for the reader, in seconds."""
_MAX_WRITE = 4096
"""The maximum number of bytes that are written at once."""


class NonBlockingOutput:
    """Writes texts to a stream, in their order, without waiting.

    If the reader is slow, texts wait. Texts beyond `limit` are omitted, and a line with their number replaces them. If
    the reader has closed the stream, or the disk is full, all further texts are dropped.

    Args:
        stream: The stream.
        limit: The maximum number of waiting texts.
        on_error: Called in the writing thread if the stream can't be written any more.
    """

    def __init__(
        self, stream: TextIO, limit: int = MAX_WAITING_TEXTS, on_error: Callable[[OSError], None] = lambda error: None
    ) -> None:
        self._stream = stream
        self._limit = limit
        self._on_error = on_error
        self._waiting: deque[str] = deque()
        self._omitted_count = 0
        self._changed = threading.Condition()
        """Guards all attributes; is notified when a text is appended or the output ends."""
        self._is_ended = False
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    def print(self, text: str) -> None:
        """Print a text, followed by a line break."""
        with self._changed:
            if len(self._waiting) >= self._limit:
                self._omitted_count += 1
                return
            self._append(text)

    def end(self, text: str = "", timeout_s: float = END_TIMEOUT_S) -> bool:
        """Print a last text, which is never omitted, and wait for the reader.

        Args:
            text: The text.
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
            while lines := self._take_waiting_texts():
                self._write("".join(f"{line}\n" for line in lines))
        except OSError as error:
            with self._changed:
                self._waiting = deque(maxlen=0)  # drops texts that are appended
            self._on_error(error)

    def _take_waiting_texts(self) -> list[str]:
        """Wait for texts and return them; return none after the output has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ended)
            lines = list(self._waiting)
            self._waiting.clear()
            return lines

    def _write(self, text: str) -> None:
        """Write a text. Raises OSError.

        The buffer of the stream is not used, because the interpreter would wait for its lock when it exits.
        """
        encoded = text.encode(self._stream.encoding or "utf-8", self._stream.errors or "strict")
        written = 0
        while written < len(encoded):
            written += os.write(self._stream.fileno(), encoded[written : written + _MAX_WRITE])
