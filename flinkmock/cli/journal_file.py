"""`--journal FILE`: writes every exchange to a file immediately, as JSON lines or as HAR."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from flinkmock.errors import FlinkMockError, unwritable_message

if TYPE_CHECKING:
    from flinkmock.journal import Exchange


class JournalFile:
    """Writes exchanges to a file.

    The file is complete after each exchange, so that nothing is lost if the process is killed.

    Args:
        file: The file. If its name ends in .har, the format is HAR, else JSON lines. None writes nothing.

    Raises:
        FlinkMockError: The file can't be opened for writing.
    """

    def __init__(self, file: Path | None) -> None:
        self._is_har = file is not None and file.suffix == ".har"
        self._url = ""
        self._name = str(file)
        self._file: TextIO | None = None
        self._end_of_entries = 0
        """The position in the HAR file after its last entry, in bytes."""
        if file is not None:
            try:
                self._file = file.open("w", encoding="utf-8", newline="\n")  # positions count bytes
            except OSError as error:
                raise FlinkMockError(unwritable_message(file, error)) from None
            if self._is_har:
                self._write_har_frame()

    def set_url(self, url: str) -> None:
        """Set the URL of the server, which HAR entries contain."""
        self._url = url

    def write(self, exchange: Exchange) -> None:
        """Write one exchange. Prints a message if the file can't be written, and then writes nothing more."""
        from flinkmock.journal import as_json_lines, har_entry, to_json_text

        if self._file is None:
            return
        if self._is_har:
            self._write_har_entry(to_json_text(har_entry(exchange, self._url)))
        else:
            self._write(as_json_lines([exchange]))

    def _write_har_frame(self) -> None:
        """Write a HAR document without entries."""
        from flinkmock.journal import har_frame

        head, foot = har_frame()
        self._end_of_entries = len(head.encode())
        self._write(head + foot)

    def _write_har_entry(self, entry: str) -> None:
        """Overwrite the foot of the HAR document with an entry, and write the foot again after it."""
        from flinkmock.journal import har_frame

        head, foot = har_frame()
        position = self._end_of_entries
        is_first = position == len(head.encode())
        text = f"{'' if is_first else ','}\n{entry}"
        self._end_of_entries += len(text.encode())
        self._write(text + foot, position)

    def _write(self, text: str, position: int | None = None) -> None:
        assert self._file is not None
        try:
            if position is not None:
                self._file.seek(position)
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            self._close_after(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _close_after(self, error: OSError) -> None:
        """Report that the file can't be written, and close it. The cluster keeps running."""
        assert self._file is not None
        print(f"flinkmock: {unwritable_message(self._name, error)}", file=sys.stderr)
        with suppress(OSError):
            self._file.close()  # raises again for buffered data
        self._file = None
