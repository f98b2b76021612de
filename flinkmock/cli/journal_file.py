"""`--journal FILE`: every request in a file, as JSON lines when it comes, or as HAR at the end."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.journal import Exchange


class JournalFile:
    """`file` None: nothing is kept. A name that ends in .har becomes HAR, which holds as many as a journal does; any
    other one JSON lines, which hold everything.

    Raises FlinkMockError if the file can't be written.
    """

    def __init__(self, file: Path | None) -> None:
        from flinkmock.journal import Journal

        self._har = Journal() if file is not None and file.suffix == ".har" else None
        self._url = ""
        self._random: TextIO | None = None
        if file is not None:
            try:
                self._random = file.open("w", encoding="utf-8")
            except OSError as error:
                raise FlinkMockError(f"{file} can't be written: {error.strerror}.") from None

    def ready(self, url: str) -> None:
        self._url = url

    def request(self, exchange: Exchange) -> None:
        from flinkmock.journal import as_json_lines

        if self._har is not None:
            self._har.add(exchange)
        elif self._random is not None:
            self._random.write(as_json_lines([exchange]))
            self._random.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from flinkmock.journal import as_har

        if self._random is not None:
            with self._random:
                if self._har is not None:
                    json.dump(as_har(self._har, self._url), self._random, ensure_ascii=False, indent=1)
