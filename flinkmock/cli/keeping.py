"""`--journal FILE`: every request in a file, as JSON lines when it comes, or as HAR at the end."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from flinkmock.errors import FlinkMockError

if TYPE_CHECKING:
    from flinkmock.engine import Engine
    from flinkmock.journal import Exchange


class Record:
    """`file` None: nothing is kept. A name that ends in .har becomes HAR, which holds what the journal holds; any other
    one JSON lines, which hold everything.

    Raises FlinkMockError if the file can't be written.
    """

    def __init__(self, engine: Engine, file: Path | None) -> None:
        self._engine = engine
        self._har = file is not None and file.suffix == ".har"
        self._url = ""
        self._stream: TextIO | None = None
        if file is not None:
            try:
                self._stream = file.open("w", encoding="utf-8")
            except OSError as error:
                raise FlinkMockError(f"{file} can't be written: {error.strerror}.") from None

    def ready(self, url: str) -> None:
        self._url = url

    def request(self, exchange: Exchange) -> None:
        from flinkmock.journal import as_json_lines

        if self._stream is not None and not self._har:
            self._stream.write(as_json_lines([exchange]))
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from flinkmock.journal import as_har

        if self._stream is not None:
            with self._stream:
                if self._har:
                    json.dump(as_har(self._engine.journal, self._url), self._stream, ensure_ascii=False, indent=1)
