"""A release's contract: its operations and their schemas, read from `schemas/<minor>.json`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from flinkmock.contract.operation import Operation, Schema, shape_of
from flinkmock.data import data_dir
from flinkmock.errors import InvalidArgument, NotFound, UnknownRelease, did_you_mean
from flinkmock.release import Release

if TYPE_CHECKING:
    from flinkmock.contract.fast_validator import Check, CompiledValidator
    from flinkmock.contract.validator import ContractValidator, SchemaViolation


IMPORTED = "FLINKMOCK_SCHEMAS"


class Contract:
    """What the JobManager of one Flink release serves. Made by `load`, or from the text of a schema file."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        version = document["flink"]
        self.document = document
        """The schema file as it was read."""
        self.release = Release(
            minor=_minor(version), version=version, commit=document["commit"], built=document["built"]
        )
        self.provenance: Mapping[str, Any] = document["provenance"]
        self.default_api_version: str = document["default_api_version"]
        self.request_mapper: Mapping[str, bool] = document["request_mapper"]
        """The features with which Jackson reads request bodies ("fail_on_unknown_properties" …)."""
        self.ordered: bool = document.get("key_order") != "unknown"
        """Whether the order of keys is known (documentation does not tell it)."""
        self.error: Schema = document["error"]
        self.definitions: Mapping[str, Schema] = document["$defs"]
        self.operations: tuple[Operation, ...] = tuple(map(Operation.from_entry, document["operations"]))
        self._by_id = {operation.id: operation for operation in self.operations}
        self._quick_checks: dict[str, Check] = {}

    @staticmethod
    def load(flink: str) -> Contract:
        """The contract of a minor release ("2.3"), also by a patch release ("2.3.0") of it. Cached.

        Raises UnknownRelease.
        """
        file = _schema_files(imported_dir()).get(_minor(flink)) if isinstance(flink, str) else None
        if file is None:
            raise UnknownRelease(flink, known_releases())
        return _load(file)

    @staticmethod
    def read(file: Path) -> Contract:
        """The contract in a schema file anywhere on disk."""
        return Contract(json.loads(file.read_bytes()))

    def operation(self, operation_id: str) -> Operation:
        """Return the operation with this OpenAPI operation id. Raises NotFound."""
        try:
            return self._by_id[operation_id]
        except KeyError:
            raise self._no_operation(operation_id) from None

    def _no_operation(self, name: str) -> NotFound:
        hint = did_you_mean(name, [*map(str, self.operations), *self._by_id], list_known=False)
        return NotFound(f"Flink {self.release} has no operation {name}.{hint}")

    def find(self, request: str) -> Operation:
        """By "GET /jobs/:jobid", whatever its parameters are called there, or by operation id. Raises NotFound."""
        method, _, path = request.partition(" ")
        shape = shape_of(path)
        for operation in self.operations:
            if request == operation.id or (method == operation.method and shape == operation.shape):
                return operation
        raise self._no_operation(request)

    def __contains__(self, operation_id: str) -> bool:
        return operation_id in self._by_id

    def match(self, method: str, path: str) -> Operation | None:
        """The operation that a concrete path ("/v1/jobs/overview") belongs to: literal segments win over parameters."""
        segments = [segment for segment in unquote(re.split("[?#]", path)[0]).split("/") if segment]
        if segments and segments[0] == self.default_api_version:
            del segments[0]
        fitting = [
            operation
            for operation in self.operations
            if operation.method == method and _fits(operation.segments, segments)
        ]
        return min(fitting, key=lambda operation: operation.path.count(":"), default=None)

    def check_answer(self, operation: Operation, body: Any) -> list[SchemaViolation]:
        """How a success answer (parsed JSON, keys in the order received) deviates; an empty list when it does not.

        Raises InvalidArgument for an operation that answers a file.
        """
        if operation.answers_file:
            raise InvalidArgument(f"{operation} answers with a file, not with JSON.")
        if operation.id not in self._quick_checks:
            self._quick_checks[operation.id] = self._quick_check(operation.response or {})
        return [] if self._quick_checks[operation.id](body) else self._checker.answer(operation, body)

    def check_error(self, body: Any) -> list[SchemaViolation]:
        """How the body of an error answer deviates."""
        return self._checker.error(body)

    def check_request(self, operation: Operation, body: Any) -> list[SchemaViolation]:
        """What Flink's Jackson would refuse of a request body (parsed JSON), coercion of scalars allowed for.

        An operation without a request schema takes the empty object.
        """
        return self._checker.request(operation, body)

    @property
    def imported(self) -> bool:
        """Whether it was read in from documentation, so that its answers may have more than the model knows. What comes
        with flinkmock was read from Flink's jars, and all of it is modelled (`flinkmock coverage`)."""
        return bool(self.provenance["source"] == "documentation")

    @cached_property
    def _quick(self) -> CompiledValidator:
        from flinkmock.contract.fast_validator import CompiledValidator

        return CompiledValidator(self.definitions, as_written=True, ordered=self.ordered)

    def _quick_check(self, schema: Schema) -> Check:
        """Nearly all answers are well, and found to be so in a fiftieth of the time."""
        try:
            return self._quick.check(schema)
        except NotImplementedError:  # an imported schema may say more than those of flinkmock do
            return lambda body: False

    @cached_property
    def _checker(self) -> ContractValidator:
        # jsonschema takes long to import, and is asked only when something is wrong
        from flinkmock.contract.validator import ContractValidator

        return ContractValidator(self)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __repr__(self) -> str:
        return f"<Contract of Flink {self.release.version}: {len(self.operations)} operations>"


def known_releases() -> tuple[str, ...]:
    """The minor releases that have a schema file, oldest first: those that come with flinkmock, and those imported."""
    return tuple(_schema_files(imported_dir()))


def own_releases() -> tuple[str, ...]:
    """Those that come with flinkmock."""
    return tuple(_schema_files(None))


def imported_dir() -> Path | None:
    """The folder of schema files that the environment variable FLINKMOCK_SCHEMAS names; None: it names none."""
    named = os.environ.get(IMPORTED)
    return Path(named) if named else None


@cache
def _schema_files(imported: Path | None) -> Mapping[str, Path]:
    """Minor release -> its file, oldest first. An imported one stands before one of flinkmock's own."""
    folders = [folder for folder in (data_dir("schemas"), imported) if folder is not None]
    found = {file.stem: file for folder in folders for file in folder.glob("[0-9]*.[0-9]*.json")}
    return {minor: found[minor] for minor in sorted(found, key=lambda minor: tuple(map(int, minor.split("."))))}


def forget_releases() -> None:
    """Looks for schema files anew when next asked: one has been written."""
    _schema_files.cache_clear()
    _load.cache_clear()


@cache
def _load(file: Path) -> Contract:
    return Contract.read(file)


def _minor(flink: str) -> str:
    """ "2.3.0" and "2.3" are both "2.3"; anything else stays what it is, to be refused by its own name."""
    parts = flink.split(".")
    return ".".join(parts[:2]) if len(parts) == 3 and all(part.isdecimal() for part in parts) else flink


def _fits(pattern: tuple[str, ...], segments: list[str]) -> bool:
    return len(pattern) == len(segments) and all(
        mine == theirs or mine.startswith(":") for mine, theirs in zip(pattern, segments, strict=True)
    )
