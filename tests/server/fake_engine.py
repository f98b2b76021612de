"""An engine with stub handlers: it keeps the calls that it gets, and returns what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster.spec import ClusterSpec
from flinkmock.contract import Operation
from flinkmock.engine import Engine
from flinkmock.rest.call import FileContent, Payload, RestCall

Answer = Callable[[RestCall], Payload]


@dataclass
class RecordedCall:
    operation: Operation
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    files: tuple[tuple[str, bytes], ...]
    base_url: str


class FakeEngine(Engine):
    """A real engine up to the handlers; `answer` is called instead of each of them, and not rendered."""

    def __init__(
        self, flink: str = "2.3", settings: Mapping[str, str] | None = None, response: Answer | None = None
    ) -> None:
        super().__init__(ClusterSpec(configuration=dict(settings or {})), flink=flink, clock="virtual")
        self.answer = response
        self.asked: list[RecordedCall] = []
        self.varied = None
        self.handler_overrides = {operation.id: self._record for operation in self.contract}
        self.renderer = _AsItIs()  # type: ignore[assignment]

    def _record(self, call: RestCall) -> Payload:
        files = tuple((file.name, file.path.read_bytes()) for file in call.files)
        self.asked.append(RecordedCall(call.operation, call.path, call.query, call.body, files, call.base_url))
        if self.answer is not None:
            return self.answer(call)
        return FileContent(b"a line\n") if call.operation.returns_file else {"operation": call.operation.id}

    @property
    def last(self) -> RecordedCall:
        return self.asked[-1]


class _AsItIs:
    def body(self, operation: Operation, payload: Payload, key: str) -> Payload:
        return payload
