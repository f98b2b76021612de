"""`--journal FILE`: writes every request to a file, as JSON lines at once, or as HAR at the end."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from flinkmock.errors import FlinkMockError, unwritable

if TYPE_CHECKING:
    from flinkmock.journal import Exchange


class JournalFile:
    """Writes requests to a file.

    Args:
        file: A name that ends in .har gets HAR, with the last requests that a `Journal` keeps. Any other name gets JSON
            lines, with all requests. None writes nothing.

    Raises:
        FlinkMockError: The file can't be written.
    """

    def __init__(self, file: Path | None) -> None:
        from flinkmock.journal import Journal

        self._har = Journal() if file is not None and file.suffix == ".har" else None
        self._url = ""
        self._name = str(file)
        self._file: TextIO | None = None
        if file is not None:
            try:
                self._file = file.open("w", encoding="utf-8")
            except OSError as error:
                raise FlinkMockError(unwritable(file, error)) from None

    def ready(self, url: str) -> None:
        self._url = url

    def request(self, exchange: Exchange) -> None:
        from flinkmock.journal import as_json_lines

        if self._har is not None:
            self._har.add(exchange)
        elif self._file is not None:
            try:
                self._file.write(as_json_lines([exchange]))
                self._file.flush()
            except OSError as error:
                self._end(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from flinkmock.journal import as_har

        if self._file is not None:
            with suppress(OSError), self._file:
                if self._har is not None:
                    try:
                        json.dump(as_har(self._har, self._url), self._file, ensure_ascii=False, indent=1)
                        self._file.flush()
                    except OSError as failure:
                        self._end(failure)

    def _end(self, error: OSError) -> None:
        """Report that the file can't be written, once. The requests go on."""
        assert self._file is not None
        print(f"flinkmock: {self._name}: can't write the file any more: {error.strerror}.", file=sys.stderr)
        with suppress(OSError):
            self._file.close()  # raises again, for what is buffered
        self._file = None
