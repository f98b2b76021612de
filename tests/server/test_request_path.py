"""ARCHITECTURE.md lists the files through which a repeated read passes."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import flinkmock
from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.engine import Engine
from flinkmock.rest.handlers import handler_of
from flinkmock.server.connection import ConnectionFactory
from flinkmock.server.flink_server import FlinkServer
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import JOB_ID

PACKAGE = Path(flinkmock.__file__).parent
ARCHITECTURE = PACKAGE.parent / "ARCHITECTURE.md"
MAX_FILE_COUNT = 20


class RecordingTransport(asyncio.Transport):
    """A transport that keeps the bytes that are written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 8081) if name == "sockname" else default

    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        self.written += data


class FileRecorder:
    """A profiler that collects the files of the package whose functions are called.

    Attributes:
        outer_files: The files before and after the handler, in the order of their first calls.
        handler_files: The files that the handler calls.
    """

    def __init__(self) -> None:
        self.outer_files: list[str] = []
        self.handler_files: list[str] = []
        self._handler_frame: FrameType | None = None

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        if event == "return" and frame is self._handler_frame:
            self._handler_frame = None
        file = Path(frame.f_code.co_filename)
        if event != "call" or not file.is_relative_to(PACKAGE):
            return
        files = self.outer_files if self._handler_frame is None else self.handler_files
        name = file.relative_to(PACKAGE).as_posix()
        if name not in files:
            files.append(name)
        if frame.f_code is handler_of("getJobDetails").__code__:
            self._handler_frame = frame


def record_files() -> FileRecorder:
    """Send a read several times, so that the caches are filled; return the files through which the last read passes."""
    engine = Engine(ClusterSpec(jobs=(job(id=JOB_ID),)), flink="2.3", clock="virtual")
    transport, recorder = RecordingTransport(), FileRecorder()
    try:
        engine.advance("1m")
        connection = ConnectionFactory(FlinkServer(engine), lambda: asyncio.Protocol())()
        connection.connection_made(transport)
        for profile in (None, None, None, recorder):
            transport.written = b""
            sys.setprofile(profile)
            connection.data_received(b"GET /jobs/%s HTTP/1.1\r\nHost: localhost:8081\r\n\r\n" % JOB_ID.encode())
            sys.setprofile(None)
            assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        sys.setprofile(None)
        engine.close()
    return recorder


def test_a_repeated_read_passes_through_the_files_that_the_architecture_lists() -> None:
    outer_files = record_files().outer_files
    assert len(outer_files) <= MAX_FILE_COUNT, outer_files
    text = ARCHITECTURE.read_text(encoding="utf-8")
    section = text.partition("## Life of a request")[2].partition("\n## ")[0]
    listed_files = re.findall(r"^\d+\. `([a-z_/]+\.py)`", section, re.MULTILINE)
    assert listed_files == outer_files
