"""An engine with stub handlers, which record the calls and return the payloads of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flinkmock.cluster.cluster_spec import ClusterSpec
from flinkmock.contract import Operation
from flinkmock.engine import Engine
from flinkmock.rest.call import FileContent, Payload, RestCall

StubHandler = Callable[[RestCall], Payload]


@dataclass
class RecordedCall:
    """What a stub handler was called with; the parameters are converted."""

    operation: Operation
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    files: tuple[tuple[str, bytes], ...]
    base_url: str


class FakeEngine(Engine):
    """An engine that calls `handler` in place of all handlers, and does not render its payload.

    If `handler` is None, the payload is the id of the operation, or the content of a file.
    """

    def __init__(
        self, flink: str = "2.3", configuration: Mapping[str, str] | None = None, handler: StubHandler | None = None
    ) -> None:
        super().__init__(ClusterSpec(configuration=dict(configuration or {})), flink=flink, clock="virtual")
        self.handler = handler
        self.calls: list[RecordedCall] = []
        self.varied_responses = None
        self.handler_overrides = {operation.id: self._record for operation in self.contract}
        self.renderer = _PassThroughRenderer()  # type: ignore[assignment]

    def _record(self, call: RestCall) -> Payload:
        files = tuple((file.name, file.path.read_bytes()) for file in call.files)
        self.calls.append(RecordedCall(call.operation, call.path, call.query, call.body, files, call.base_url))
        if self.handler is not None:
            return self.handler(call)
        return FileContent(b"a line\n") if call.operation.returns_file else {"operation": call.operation.id}

    @property
    def last_call(self) -> RecordedCall:
        return self.calls[-1]


class _PassThroughRenderer:
    """Uses payloads as bodies."""

    def body(self, operation: Operation, payload: Payload, key: str) -> Payload:
        return payload
