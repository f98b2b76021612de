"""Measures which fields of a release's responses the model provides, by calling all operations of a fake cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.errors import ClusterError
from flinkmock.conformance.operation_tour import OperationTour, TourRequest, temporary_upload, tour_scenario
from flinkmock.conformance.report import generalize_pointer
from flinkmock.contract import Contract, Operation
from flinkmock.engine import Engine
from flinkmock.rest.error_responses import RestRequestRejected
from flinkmock.rest.handlers import FileContent, UploadedFile
from flinkmock.rest.in_process import InProcessClient, OperationNotFound
from flinkmock.rest.rendering import encode, modelled_fields
from flinkmock.scenario import load_scenario


@dataclass
class FieldCoverage:
    """The fields of one operation's responses.

    Attributes:
        response_count: How many success responses there were.
        is_file: Whether the response is a file.
        is_modelled_by_pointer: JSON pointer -> whether the model provides the field in every success response.
    """

    response_count: int = 0
    is_file: bool = False
    is_modelled_by_pointer: dict[str, bool] = field(default_factory=dict)

    @property
    def modelled(self) -> list[str]:
        """JSON pointers of the fields that the model provides."""
        return sorted(pointer for pointer, is_modelled in self.is_modelled_by_pointer.items() if is_modelled)

    @property
    def placeholders(self) -> list[str]:
        """JSON pointers of the fields that are filled with placeholders."""
        return sorted(pointer for pointer, is_modelled in self.is_modelled_by_pointer.items() if not is_modelled)

    def add(self, modelled: frozenset[str], placeholders: frozenset[str]) -> None:
        """Add the fields of one response, given as JSON pointers."""
        self.response_count += 1
        for pointers, is_modelled in ((modelled, True), (placeholders, False)):
            for pointer in map(generalize_pointer, pointers):
                was_modelled = self.is_modelled_by_pointer.get(pointer, True)
                self.is_modelled_by_pointer[pointer] = was_modelled and is_modelled

    def __str__(self) -> str:
        if self.is_file:
            return "a file"
        if not self.response_count:
            return "only error responses"
        return f"{len(self.modelled):3} modelled, {len(self.placeholders):3} placeholders"


def measure_coverage(contract: Contract) -> dict[Operation, FieldCoverage]:
    """Return the coverage of each operation, measured with the default and with the adaptive scheduler."""
    by_operation: dict[Operation, FieldCoverage] = {}
    for scheduler in ("default", "adaptive"):
        engine = Engine(load_scenario(tour_scenario(scheduler)), flink=contract, clock="1s per request")
        try:
            OperationTour(contract, _CoverageClient(engine, by_operation)).run()
        finally:
            engine.close()
    return by_operation


class _CoverageClient:
    """A TourClient that records which fields of each response are modelled."""

    def __init__(self, engine: Engine, by_operation: dict[Operation, FieldCoverage]) -> None:
        self._engine = engine
        self._client = InProcessClient(engine)
        self._by_operation = by_operation

    def json(self, target: str) -> Any:
        try:
            return self._client.json("GET", target)
        except (OperationNotFound, ClusterError):
            return {}

    def send(self, request: TourRequest) -> Any:
        operation = request.operation
        fields = self._by_operation.setdefault(operation, FieldCoverage())
        try:
            with temporary_upload(request.file) as path:
                files = [UploadedFile(path.name, path)] if path else []
                payload = self._client.payload(operation.method, request.target, request.body, files)
        except (OperationNotFound, ClusterError, RestRequestRejected):
            return None
        if isinstance(payload, FileContent):
            fields.is_file = True
            return None
        fields.add(*modelled_fields(self._engine.renderer, operation, payload))
        return json.loads(encode(self._engine.renderer.body(operation, payload, request.target)))
