"""Parses multipart bodies as Netty's HttpPostRequestDecoder and Flink's FileUploadHandler do.

A body is read in chunks. Files are written to a temporary folder, which is removed after the response. No file is kept
in memory. See docs/flink-behaviour.md#multipart.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import unquote_to_bytes

from flinkmock import limits, private_files
from flinkmock.flink import messages
from flinkmock.rest.call import UploadedFile
from flinkmock.rest.error_responses import RestRequestRejected, plain_error, rest_error
from flinkmock.rest.release_quirks import ReleaseQuirks

_T = TypeVar("_T")
_Parsing = Generator[None, bytes | None, _T]
"""A generator that returns what it parsed. Each `yield` receives the next chunk of the body, None at its end."""
_MAX_NAME_BYTES = 255
"""The maximum length of a file name on Linux, in bytes."""
_MAX_LENGTH_DIGITS = 18
"""A `Content-Length` with more digits may not fit into Java's long."""
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "utf-16", "utf-16be", "utf-16le"})
"""The charsets that every Java has. Others differ between Java and Python."""
_BLANKS = bytes([*range(0x21), *range(0x7F, 0xA0)])
"""Control characters and blanks, which Netty skips before the first delimiter."""
_ENCODINGS = frozenset({"7bit", "8bit", "binary"})
"""The values of `Content-Transfer-Encoding` that Netty knows."""
_JSON_PART_NAME = "request"
"""The name of the part that contains the JSON body."""
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]*)\"|([^;\s]*))", re.IGNORECASE)
_PARAMETER = re.compile(r";\s*([^=;\s]+)\s*=\s*(?:\"([^\"]*)\"|([^;]*))")


def boundary_of(content_type: str) -> str | None:
    """Return the boundary of a multipart form; None for other content types, and if there is no boundary.

    `multipart/form-data` is case-sensitive (recorded on 2.3.0 and 1.20.5), `boundary` is not.
    """
    if not content_type.startswith("multipart/form-data"):
        return None
    match = _BOUNDARY.search(content_type)
    if match is None:
        return None
    quoted, unquoted = match.groups()
    return unquoted if quoted is None else quoted


class MultipartBody:
    """Parses a multipart form. Afterwards `content` has the bytes of the part named "request", and `files` the files.

    Args:
        boundary: The boundary in the header, which may be empty.
        quirks: The behaviour of the release.
        path_accepts_post: Whether the path has an operation with the method POST.
        takes_files: Whether the operation accepts files.

    Raises:
        RestRequestRejected: The form is rejected before its first byte is read.
    """

    def __init__(self, boundary: str, quirks: ReleaseQuirks, *, path_accepts_post: bool, takes_files: bool) -> None:
        if not boundary:
            reason = messages.NO_BOUNDARY_VALUE if quirks.null_pointers_explained else "null"
            raise RestRequestRejected(plain_error(500, messages.pipeline_error(reason), closes_connection=True))
        if quirks.uploads_checked_before_routing and not path_accepts_post:
            raise RestRequestRejected(plain_error(400, messages.POST_NOT_ALLOWED, has_cors_header=False))
        self.content = b""
        self._path_accepts_post, self._takes_files = path_accepts_post, takes_files
        self._checks_before_routing = quirks.uploads_checked_before_routing
        self._skips_preamble = quirks.preamble_is_skipped
        self._files: dict[str, Path] = {}
        self._folder: Path | None = None
        self._delimiter = b"--" + boundary.encode("latin-1", errors="replace")
        self._buffer = bytearray()
        self._parser: _Parsing[None] | None = self._parse()
        next(self._parser)  # until it needs the first chunk

    @property
    def files(self) -> tuple[UploadedFile, ...]:
        return tuple(UploadedFile(name, path) for name, path in self._files.items())

    def receive(self, chunk: bytes) -> None:
        """Parse the next chunk of the body. Raises RestRequestRejected."""
        self._parse_available(chunk)

    def complete(self) -> None:
        """Parse the end of the body. Raises RestRequestRejected."""
        while self._parser is not None:
            self._parse_available(None)
        if self._files and self._path_accepts_post and not self._takes_files:
            # until 1.18; since 1.19, `_file` has rejected the form
            raise RestRequestRejected(rest_error(400, messages.UPLOADS_NOT_ALLOWED))

    def close(self) -> None:
        """Remove the files that no handler has moved."""
        if self._parser is not None:
            self._parser.close()  # closes the file of an unfinished part
            self._parser = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _parse_available(self, chunk: bytes | None) -> None:
        """Parse the bytes that have arrived, except for those after the last part, which are ignored.

        Raises:
            RestRequestRejected: The form is rejected, or a file can't be stored, for example because the disk is full.
        """
        if self._parser is not None:
            try:
                self._parser.send(chunk)
            except StopIteration:
                self._parser = None
            except OSError:
                raise _upload_failed() from None

    # The parser consists of generators. Each yields when it needs more bytes, and receives None at the end of the body.

    def _parse(self) -> _Parsing[None]:
        if not (yield from self._preamble()):
            return
        has_part = (yield from self._line()) == b""
        while has_part:
            has_part = yield from self._part()

    def _preamble(self) -> _Parsing[bool]:
        """Skip what comes before the first delimiter. Return False if there is none, or if Netty does not find it."""
        is_blank = True
        while (index := self._buffer.find(self._delimiter)) < 0:
            length = max(len(self._buffer) - len(self._delimiter) + 1, 0)  # what follows may begin the delimiter
            is_blank = is_blank and not self._buffer[:length].strip(_BLANKS)
            del self._buffer[:length]
            if (chunk := (yield)) is None:
                return False
            self._buffer += chunk
        is_blank = is_blank and not self._buffer[:index].strip(_BLANKS)
        del self._buffer[: index + len(self._delimiter)]
        return is_blank or self._skips_preamble

    def _part(self) -> _Parsing[bool]:
        """Parse one part; return whether another part may follow."""
        headers = yield from self._headers()
        if headers is None:
            return False
        name, filename = _disposition(headers)
        if filename is None:
            text = bytearray()
            is_complete = yield from self._content(text.extend)
            if is_complete:
                self._receive_attribute(name, bytes(text))
        else:
            if (_header(headers, "content-transfer-encoding") or "binary").lower() not in _ENCODINGS:
                raise _upload_failed()
            is_complete = yield from self._file(filename, _declared_length(headers))
        if not is_complete:
            return False
        rest_of_line = yield from self._line()
        return rest_of_line is not None and not rest_of_line.startswith(b"--")

    def _receive_attribute(self, name: str, content: bytes) -> None:
        """Receive a part that is not a file, which Netty calls an attribute. Raises RestRequestRejected."""
        if name != _JSON_PART_NAME:
            raise RestRequestRejected(plain_error(400, messages.unknown_attribute(name), has_cors_header=False))
        self.content = content

    def _file(self, filename: str, max_bytes: int) -> _Parsing[bool]:
        """Parse a file of at most `max_bytes` (0: any size); return whether it is complete."""
        name = filename.rpartition("/")[2]  # java.io.File.getName: a backslash is not a separator
        if (
            "\0" in name
            or len(name.encode("utf-8", "replace")) > _MAX_NAME_BYTES
            or len(self._files) >= limits.UPLOAD_FILES
        ):
            raise _upload_failed()
        with self._new_file(name) as file:
            is_complete = yield from self._content(_limited(file.write, max_bytes))
        if not is_complete:
            self._files.pop(name).unlink()
        elif self._checks_before_routing and not self._takes_files:
            raise RestRequestRejected(plain_error(400, messages.UPLOAD_NOT_ALLOWED, has_cors_header=False))
        elif name in ("", ".", ".."):
            raise _upload_failed()
        return is_complete

    def _new_file(self, name: str) -> BinaryIO:
        """Open a new file. A later file with the same name replaces it. The name is never used as a path."""
        if self._folder is None:
            self._folder = private_files.make(private_files.new_path("upload"))
        path = self._files.setdefault(name, self._folder / str(len(self._files)))
        return path.open("wb")

    def _headers(self) -> _Parsing[list[str] | None]:
        """Return the header lines of a part; None if the body ends before they do."""
        headers: list[str] = []
        size = 0
        while True:
            line = yield from self._line()
            if line is None:
                return None
            if not line:
                return headers
            size += len(line)
            if size > limits.PART_HEADERS:
                raise _upload_failed()
            headers.append(line.decode("utf-8", errors="replace"))

    def _line(self) -> _Parsing[bytes | None]:
        """Return the next line without its CR LF or LF, or the rest of the body; None at the end of the body."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            if len(self._buffer) > limits.PART_HEADERS:
                raise _upload_failed()
            start = len(self._buffer)
            if (chunk := (yield)) is None:
                line = bytes(self._buffer)
                self._buffer.clear()
                return line or None
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.removesuffix(b"\r")

    def _length_before_partial_delimiter(self, delimiter: bytes) -> int:
        """Return the number of bytes in the buffer that certainly precede the delimiter.

        They end before a line end that may begin the delimiter.
        """
        newline = self._buffer.rfind(b"\n", max(0, len(self._buffer) - len(delimiter)))
        end = len(self._buffer) if newline < 0 else newline
        return end - 1 if self._buffer[end - 1 : end] == b"\r" else end

    def _content(self, write: Callable[[bytes], object]) -> _Parsing[bool]:
        """Write the bytes before the next delimiter; return whether there was one before the end of the body."""
        delimiter = b"\n" + self._delimiter
        while (index := self._buffer.find(delimiter)) < 0:
            length = self._length_before_partial_delimiter(delimiter)
            if length > 0:
                write(bytes(self._buffer[:length]))
                del self._buffer[:length]
            if (chunk := (yield)) is None:
                return False
            self._buffer += chunk
        end = index - 1 if self._buffer[index - 1 : index] == b"\r" else index
        write(bytes(self._buffer[:end]))
        del self._buffer[: index + len(delimiter)]
        return True


def _disposition(headers: list[str]) -> tuple[str, str | None]:
    """Return the name and the file name (None: not a file) of a part. Raises RestRequestRejected."""
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
                        filename = _extended_value(text)
    if not name:
        raise _upload_failed()
    return _cleaned(name), None if filename is None else _cleaned(filename)


def _extended_value(text: str) -> str:
    """Return the value of a parameter with a charset, such as `utf-8''a.jar`."""
    charset, _, encoded = text.partition("'")
    name = charset.lower() or "utf-8"
    if name not in _CHARSETS:
        raise _upload_failed()
    return unquote_to_bytes(encoded.partition("'")[2]).decode(name, "replace")


def _cleaned(text: str) -> str:
    """Clean a name as HttpPostMultipartRequestDecoder.cleanString does."""
    return re.sub("[:,=;\t]", " ", text.replace('"', "")).strip()


def _declared_length(headers: list[str]) -> int:
    """Return the declared size of a part in bytes; 0 if it declares none."""
    value = _header(headers, "content-length")
    if value is None or not value.isdecimal():
        return 0
    if len(value) > _MAX_LENGTH_DIGITS:
        raise _upload_failed()
    return int(value)


def _header(headers: list[str], name: str) -> str | None:
    """Return the value of the first header of this name."""
    for header in headers:
        key, _, value = header.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def _limited(write: Callable[[bytes], object], max_bytes: int) -> Callable[[bytes], None]:
    """Return a function that writes at most `max_bytes` (0: any number) and rejects longer files.

    Netty's error for longer files is "Out of size".
    """
    size = 0

    def write_counted(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if 0 < max_bytes < size:
            raise _upload_failed()
        write(data)

    return write_counted


def _upload_failed() -> RestRequestRejected:
    return RestRequestRejected(plain_error(500, messages.UPLOAD_FAILED, has_cors_header=False))
