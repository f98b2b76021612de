"""A release's contract: its operations and their schemas, read from `schemas/<minor>.json`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from flinkmock.contract.operation import Operation, Schema, shape_of
from flinkmock.data import data_dir
from flinkmock.errors import UnknownRelease
from flinkmock.release import Release

if TYPE_CHECKING:
    from flinkmock.contract.checking import Checker, Deviation


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
        self.operations: tuple[Operation, ...] = tuple(map(Operation.read, document["operations"]))
        self._by_id = {operation.id: operation for operation in self.operations}

    @staticmethod
    def load(flink: str) -> Contract:
        """The contract of a minor release ("2.3"), also by a patch release ("2.3.0") of it. Cached.

        Raises UnknownRelease.
        """
        minor = _minor(flink)
        if minor not in known_releases():
            raise UnknownRelease(flink, known_releases())
        return _load(minor)

    @staticmethod
    def read(file: Path) -> Contract:
        """The contract in a schema file anywhere on disk."""
        return Contract(json.loads(file.read_bytes()))

    def operation(self, operation_id: str) -> Operation:
        """Raises KeyError for an id that this release has not."""
        return self._by_id[operation_id]

    def find(self, request: str) -> Operation:
        """By "GET /jobs/:jobid", whatever its parameters are called there, or by operation id. Raises LookupError."""
        method, _, path = request.partition(" ")
        shape = shape_of(path)
        for operation in self.operations:
            if request == operation.id or (method == operation.method and shape == operation.shape):
                return operation
        near = get_close_matches(request, [*map(str, self.operations), *self._by_id], 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise LookupError(f"Flink {self.release} has no operation {request}.{hint}")

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

    def check_answer(self, operation: Operation, body: Any) -> list[Deviation]:
        """How a success answer (parsed JSON, keys in the order received) deviates; an empty list when it does not.

        Raises ValueError for an operation that answers a file.
        """
        if operation.answers_file:
            raise ValueError(f"{operation} answers a file, not JSON")
        return self._checker.answer(operation, body)

    def check_error(self, body: Any) -> list[Deviation]:
        """How the body of an error answer deviates."""
        return self._checker.error(body)

    def check_request(self, operation: Operation, body: Any) -> list[Deviation]:
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
    def _checker(self) -> Checker:
        # jsonschema takes long to import, and a server never checks its own answers
        from flinkmock.contract.checking import Checker

        return Checker(self)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __repr__(self) -> str:
        return f"<Contract of Flink {self.release.version}: {len(self.operations)} operations>"


@cache
def known_releases() -> tuple[str, ...]:
    """The minor releases that have a schema file, oldest first."""
    minors = (file.stem for file in data_dir("schemas").glob("[0-9]*.[0-9]*.json"))
    return tuple(sorted(minors, key=lambda minor: tuple(map(int, minor.split(".")))))


@cache
def _load(minor: str) -> Contract:
    return Contract.read(data_dir("schemas") / f"{minor}.json")


def _minor(flink: str) -> str:
    """ "2.3.0" and "2.3" are both "2.3"; anything else stays what it is, to be refused by its own name."""
    parts = flink.split(".")
    return ".".join(parts[:2]) if len(parts) == 3 and all(part.isdecimal() for part in parts) else flink


def _fits(pattern: tuple[str, ...], segments: list[str]) -> bool:
    return len(pattern) == len(segments) and all(
        mine == theirs or mine.startswith(":") for mine, theirs in zip(pattern, segments, strict=True)
    )
