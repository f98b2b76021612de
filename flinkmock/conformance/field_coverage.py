"""Which fields of a release's answers the model tells and which are made up, found out by asking for all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from flinkmock.cluster.errors import ClusterError
from flinkmock.conformance.operation_tour import OperationTour, TourRequest, kept, scenario
from flinkmock.conformance.report import general
from flinkmock.contract import Contract, Operation
from flinkmock.engine import Engine
from flinkmock.rest.handlers import FileContent, UploadedFile
from flinkmock.rest.rendering import coverage, encode
from flinkmock.scenario import load_scenario
from flinkmock.testing.inside import Inside, NotRegistered


@dataclass
class FieldCoverage:
    """Of one operation. `by_pointer`: JSON pointer -> whether it is modelled in every answer that was seen."""

    answers: int = 0
    file: bool = False
    by_pointer: dict[str, bool] = field(default_factory=dict)

    @property
    def modelled(self) -> list[str]:
        return sorted(pointer for pointer, modelled in self.by_pointer.items() if modelled)

    @property
    def synthesized(self) -> list[str]:
        return sorted(pointer for pointer, modelled in self.by_pointer.items() if not modelled)

    def add(self, modelled: frozenset[str], synthesized: frozenset[str]) -> None:
        self.answers += 1
        for pointers, value in ((modelled, True), (synthesized, False)):
            for pointer in map(general, pointers):
                self.by_pointer[pointer] = self.by_pointer.get(pointer, True) and value

    def __str__(self) -> str:
        if self.file:
            return "a file"
        if not self.answers:
            return "no answer but an error"
        return f"{len(self.modelled):3} modelled, {len(self.synthesized):3} synthesized"


def fields_of(contract: Contract) -> dict[Operation, FieldCoverage]:
    """Asks a cluster with the default scheduler, and one with the adaptive one."""
    found: dict[Operation, FieldCoverage] = {}
    for scheduler in ("default", "adaptive"):
        engine = Engine(load_scenario(scenario(scheduler)), flink=contract.release.minor, clock="1s per request")
        try:
            OperationTour(contract, _Surveyor(engine, found)).go()
        finally:
            engine.close()
    return found


class _Surveyor:
    """Keeps what each answer was made of."""

    def __init__(self, engine: Engine, found: dict[Operation, FieldCoverage]) -> None:
        self._engine = engine
        self._inside = Inside(engine)
        self._found = found

    def json(self, target: str) -> Any:
        try:
            return self._inside.ask("GET", target)
        except (NotRegistered, ClusterError):
            return {}

    def ask(self, question: TourRequest) -> Any:
        operation = question.operation
        fields = self._found.setdefault(operation, FieldCoverage())
        try:
            with kept(question.file) as path:
                files = [UploadedFile(path.name, path)] if path else []
                facts = self._inside.facts(operation.method, question.target, question.body, files)
        except (NotRegistered, ClusterError):
            return None
        if isinstance(facts, FileContent):
            fields.file = True
            return None
        fields.add(*coverage(self._engine.bodies, operation, facts))
        return json.loads(encode(self._engine.bodies.body(operation, facts, question.target)))
