"""Multipart bodies, as Netty's HttpPostRequestDecoder and Flink's FileUploadHandler take them.

A body is read in pieces. Files go to a temporary folder for the request, which is removed when the request has been
answered. No file is held in memory. See docs/flink-behaviour.md#multipart.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from flinkmock.flink import messages
from flinkmock.rest.call import UploadedFile
from flinkmock.rest.error_responses import RequestRejected, plain, rest
from flinkmock.rest.release_quirks import ReleaseQuirks

_REQUEST = "request"
"""The name of the text part that is the JSON body."""
_MAX_HEADER = 64 * 1024
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]*)\"|([^;\s]*))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*([^=;\s]+)\s*=\s*(?:\"([^\"]*)\"|([^;]*))")


@dataclass(frozen=True, slots=True)
class Routes:
    """What is known of the path when the upload begins: whether it takes POST at all, and whether it takes files."""

    takes_post: bool
    takes_files: bool


class Upload:
    """What was in the parts: `json`, the bytes of the part named "request", and the files."""

    def __init__(self) -> None:
        self.json = b""
        self._files: dict[str, Path] = {}
        self._folder: Path | None = None

    @property
    def files(self) -> tuple[UploadedFile, ...]:
        return tuple(UploadedFile(name, path) for name, path in self._files.items())

    def new_file(self, name: str) -> BinaryIO:
        """A second file of the same name replaces the first. The name is never used as a path."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="flinkmock-upload-"))
        path = self._files.setdefault(name, self._folder / str(len(self._files)))
        return path.open("wb")

    def drop(self, name: str) -> None:
        self._files.pop(name).unlink()

    def close(self) -> None:
        """Removes what nobody took away."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def boundary_of(content_type: str) -> str | None:
    """The boundary of a multipart form ("" if it is empty), None if this is none, or has none: then it is JSON.

    Capitals make it something else (seen on 2.3.0 and 1.20.5).
    """
    if not content_type.startswith("multipart/form-data"):
        return None
    match = _BOUNDARY.search(content_type)
    return (match[1] if match[1] is not None else match[2]) if match else None


async def receive(chunks: AsyncIterator[bytes], boundary: str, routes: Routes, behaviour: ReleaseQuirks) -> Upload:
    """Raises Refused. The folder of the upload is the caller's to close; of a refused one nothing is left."""
    if not boundary:
        why = messages.NO_BOUNDARY_VALUE if behaviour.null_pointers_explained else "null"
        raise RequestRejected(plain(500, messages.pipeline_error(why), close=True))
    if behaviour.uploads_checked_first and not routes.takes_post:
        raise RequestRejected(plain(400, messages.POST_NOT_ALLOWED, cors=False))
    upload = Upload()
    try:
        await _Parts(chunks, boundary.encode("latin-1", errors="replace"), upload, routes, behaviour).read()
        if upload.files and routes.takes_post and not routes.takes_files:
            raise RequestRejected(rest(400, messages.UPLOADS_NOT_ALLOWED))  # until 1.18, by the handler itself
    except BaseException:
        upload.close()
        raise
    return upload


class _Parts:
    """Goes through the parts, one after the other, with as much of the body at hand as it takes to find an end."""

    def __init__(
        self, chunks: AsyncIterator[bytes], boundary: bytes, upload: Upload, routes: Routes, behaviour: ReleaseQuirks
    ) -> None:
        self._chunks = chunks
        self._delimiter = b"--" + boundary
        self._upload = upload
        self._routes = routes
        self._checked_first = behaviour.uploads_checked_first
        self._buffer = bytearray()
        self._ended = False

    async def read(self) -> None:
        line = await self._line()
        while line is not None and line != self._delimiter:  # what comes before the first part is passed over
            line = await self._line()
        while line is not None and await self._part():
            pass
        while not self._ended:
            await self._more()
            self._buffer.clear()

    async def _part(self) -> bool:
        """Whether there is another one."""
        headers = await self._headers()
        if headers is None:
            return False
        name, filename = _disposition(headers)
        if filename is None:
            text = bytearray()
            complete = await self._content(text.extend)
            if complete:
                self._attribute(name, bytes(text))
        else:
            complete = await self._file(filename, _declared_length(headers))
        if not complete:
            return False
        rest_of_line = await self._line()
        return rest_of_line is not None and not rest_of_line.startswith(b"--")

    def _attribute(self, name: str, content: bytes) -> None:
        if name != _REQUEST:
            raise RequestRejected(plain(400, messages.unknown_attribute(name), cors=False))
        self._upload.json = content

    async def _file(self, filename: str, limit: int) -> bool:
        name = filename.rpartition("/")[2]  # java.io.File.getName: a backslash is no separator
        with self._upload.new_file(name) as file:
            complete = await self._content(_limited(file.write, limit))
        if not complete:
            self._upload.drop(name)
        elif self._checked_first and not self._routes.takes_files:
            raise RequestRejected(plain(400, messages.UPLOAD_NOT_ALLOWED, cors=False))
        elif name in ("", ".", ".."):
            raise _failed()
        return complete

    async def _headers(self) -> list[str] | None:
        headers: list[str] = []
        size = 0
        while True:
            line = await self._line()
            if line is None:
                return None
            if not line:
                return headers
            size += len(line)
            if size > _MAX_HEADER:
                raise _failed()
            headers.append(line.decode("utf-8", errors="replace"))

    async def _line(self) -> bytes | None:
        """The next line without its end (a bare LF will do); what is left if the body ends; None at the end."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            if len(self._buffer) > _MAX_HEADER:
                raise _failed()
            start = len(self._buffer)
            if not await self._more():
                line = bytes(self._buffer)
                self._buffer.clear()
                return line or None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    async def _content(self, write: Callable[[bytes], object]) -> bool:
        """Passes on what comes before the next delimiter. False: the body ended without one."""
        delimiter = b"\n" + self._delimiter
        while (place := self._buffer.find(delimiter)) < 0:
            safe = len(self._buffer) - len(delimiter) - 1  # a CR, and all of the delimiter but its last byte
            if safe > 0:
                write(bytes(self._buffer[:safe]))
                del self._buffer[:safe]
            if not await self._more():
                return False
        end = place - 1 if self._buffer[place - 1 : place] == b"\r" else place
        write(bytes(self._buffer[:end]))
        del self._buffer[: place + len(delimiter)]
        return True

    async def _more(self) -> bool:
        try:
            self._buffer += await anext(self._chunks)
        except StopAsyncIteration:
            self._ended = True
        return not self._ended


def _disposition(headers: list[str]) -> tuple[str, str | None]:
    """Name and file name (None: a text) of a part. Raises Refused where Netty's parser gives up."""
    name = filename = None
    for header in headers:
        key, _, value = header.partition(":")
        if key.strip().lower() == "content-disposition":
            for match in _PARAMETER.finditer(value):
                text = match[2] if match[2] is not None else match[3].strip()
                match match[1].lower():
                    case "name":
                        name = text
                    case "filename":
                        filename = text
                    case "filename*":
                        charset, _, encoded = text.partition("'")
                        filename = unquote_to_bytes(encoded.partition("'")[2]).decode(charset or "utf-8", "replace")
    if not name:
        raise _failed()
    return _cleaned(name), None if filename is None else _cleaned(filename)


def _cleaned(text: str) -> str:
    """HttpPostMultipartRequestDecoder.cleanString."""
    return re.sub("[:,=;\t]", " ", text.replace('"', "")).strip()


def _declared_length(headers: list[str]) -> int:
    """Bytes; 0 where the part does not say."""
    for header in headers:
        key, _, value = header.partition(":")
        if key.strip().lower() == "content-length":
            return int(value) if value.strip().isdecimal() else 0
    return 0


def _limited(write: Callable[[bytes], object], limit: int) -> Callable[[bytes], None]:
    """Netty gives up on a file that is longer than it said ("Out of size"); one that is shorter is fine."""
    size = 0

    def counted(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if 0 < limit < size:
            raise _failed()
        write(data)

    return counted


def _failed() -> RequestRejected:
    return RequestRejected(plain(500, messages.UPLOAD_FAILED, cors=False))
