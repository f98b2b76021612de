"""`flinkmock serve --ready-file`: a file that appears when clients can connect."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from flinkmock.errors import FlinkMockError, unwritable_message


class ReadyFile:
    """A file with the URLs of a cluster. It is written atomically, so that readers never see a part of it.

    A file that an earlier process left behind is removed at the beginning of the `with` block, and the new one at its
    end.

    Args:
        file: The file; None for no file.

    Raises:
        FlinkMockError: The file can't be written or removed.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def write(self, urls: Sequence[str]) -> None:
        """Write one line for each URL."""
        if self._file is None:
            return
        temporary_file = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            temporary_file.write_text("".join(f"{url}\n" for url in urls), encoding="utf-8")
            os.replace(temporary_file, self._file)
        except OSError as error:
            temporary_file.unlink(missing_ok=True)
            raise self._error(error) from None

    def __enter__(self) -> Self:
        self._remove()
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _remove(self) -> None:
        try:
            if self._file is not None:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            raise self._error(error) from None

    def _error(self, error: OSError) -> FlinkMockError:
        return FlinkMockError(unwritable_message(self._file, error))
