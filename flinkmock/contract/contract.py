"""The contract of a release: its operations and their schemas, read from `schemas/<minor>.json`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import unquote

from flinkmock.contract.operation import Operation, Schema, segments_without_names
from flinkmock.contract.pattern import OperationMatcher, split_path
from flinkmock.data_files import data_dir
from flinkmock.errors import InvalidArgument, NotFound, UnknownRelease, did_you_mean
from flinkmock.release import Release

if TYPE_CHECKING:
    from flinkmock.contract.fast_validator import Check, CompiledValidator
    from flinkmock.contract.validator import ContractValidator, SchemaViolation


_MINOR = re.compile(r"\d+\.\d+", re.ASCII)
_VERSION = re.compile(r"(\d+\.\d+)(?:\.\d+)?(?:-SNAPSHOT)?", re.ASCII)
_P = ParamSpec("_P")
_R = TypeVar("_R")
_DERIVED_RESULTS: list[dict[tuple[object, ...], Any]] = []
"""The caches of the functions with `cached_by_contracts`."""
SCHEMAS_VARIABLE = "FLINKMOCK_SCHEMAS"
"""The environment variable that names a folder of imported schema files."""


class Contract:
    """The operations, parameters and schemas of one Flink release.

    `load` returns the contract of a known release; the constructor takes a parsed schema file.

    Attributes:
        document: The parsed schema file.
        release: The release, with its version, commit and build time.
        provenance: Where the schema file comes from.
        default_api_version: The version that paths may begin with ("v1").
        jackson_features: The features of the Jackson ObjectMapper that reads request bodies: whether each of them
            ("fail_on_unknown_properties") is on.
        ordered: Whether the order of keys is known; documentation does not contain it.
        error: The schema of error responses.
        definitions: The schemas that others refer to as `#/$defs/NAME`.
        operations: The operations in Flink's order.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        version = document["flink"]
        self.document = document
        self.release = Release(
            minor=minor_release(version), version=version, commit=document["commit"], build_time=document["built"]
        )
        self.provenance: Mapping[str, Any] = document["provenance"]
        self.default_api_version: str = document["default_api_version"]
        self.jackson_features: Mapping[str, bool] = document["jackson_features"]
        self.ordered: bool = document.get("key_order") != "unknown"
        self.error: Schema = document["error"]
        self.definitions: Mapping[str, Schema] = document["$defs"]
        self.operations: tuple[Operation, ...] = tuple(map(Operation.from_entry, document["operations"]))
        self._by_id = {operation.id: operation for operation in self.operations}
        self._matcher = OperationMatcher(self.operations)
        self._fast_checks: dict[str, Check] = {}

    @staticmethod
    def load(flink: str) -> Contract:
        """Return the contract of a known release. Each file is read once.

        Args:
            flink: A minor release ("2.3"), or a version of it ("2.3.0", "2.3-SNAPSHOT").

        Raises:
            UnknownRelease: There is no schema file of the release.
            InvalidArgument: The imported schema file is invalid.
        """
        file = _schema_files(imported_schemas_dir()).get(minor_release(flink)) if isinstance(flink, str) else None
        if file is None:
            raise UnknownRelease(flink, known_releases())
        return _load(file)

    @staticmethod
    def from_file(file: Path) -> Contract:
        """Read a schema file. Raises InvalidArgument if it is not one."""
        try:
            return Contract(json.loads(file.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidArgument(f"{file} does not contain the contract of a release: {error!r}.") from error

    def operation(self, operation_id: str) -> Operation:
        """Return an operation by its id. Raises NotFound if the release lacks it."""
        try:
            return self._by_id[operation_id]
        except KeyError:
            raise self._unknown_operation(operation_id) from None

    def _unknown_operation(self, name: str) -> NotFound:
        hint = did_you_mean(name, [*map(str, self.operations), *self._by_id], list_known=False)
        return NotFound(f"Flink {self.release} has no operation {name}.{hint}")

    def find(self, request: str) -> Operation:
        """Return an operation by its id, or by method and path.

        Args:
            request: "getJobDetails" or "GET /jobs/:jobid". The names of path parameters don't matter.

        Raises:
            NotFound: The release lacks the operation.
        """
        method, _, path = request.partition(" ")
        segments = segments_without_names(path)
        for operation in self.operations:
            if request == operation.id or (method == operation.method and segments == operation.segments_without_names):
                return operation
        raise self._unknown_operation(request)

    def __contains__(self, operation_id: str) -> bool:
        return operation_id in self._by_id

    def match(self, method: str, target: str) -> Operation | None:
        """Return the operation of a request; None if no operation matches.

        Literal segments of paths take precedence over parameters.

        Args:
            method: The method of the request.
            target: Path and query, percent-encoded ("/v1/jobs/overview?x=1").
        """
        matched = self.match_route(method, target)
        return matched[0] if matched else None

    def match_route(self, method: str, target: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a request and the decoded values of its path parameters; None if there is none."""
        segments = split_path(unquote(target.partition("#")[0].partition("?")[0]))
        if segments and segments[0] == self.default_api_version:
            del segments[0]
        return self._matcher.match(method, segments)

    def check_response(self, operation: Operation, body: Any) -> list[SchemaViolation]:
        """Return the violations of the schema in a success response.

        Args:
            operation: The operation that was called.
            body: Parsed JSON, with keys in the order received.

        Raises:
            InvalidArgument: The operation returns a file.
        """
        if operation.returns_file:
            raise InvalidArgument(f"{operation} returns a file, not JSON.")
        if operation.id not in self._fast_checks:
            self._fast_checks[operation.id] = self._fast_check(operation.response or {})
        return [] if self._fast_checks[operation.id](body) else self._validator.check_response(operation, body)

    def check_error(self, body: Any) -> list[SchemaViolation]:
        """Return the violations of the schema in the body of an error response."""
        return self._validator.check_error(body)

    def check_request(self, operation: Operation, body: Any) -> list[SchemaViolation]:
        """Return the violations because of which Jackson in Flink would reject a request body (parsed JSON).

        Scalars that Jackson converts are not violations. An operation without a request schema takes an empty object.
        """
        return self._validator.check_request(operation, body)

    @property
    def imported(self) -> bool:
        """Whether the contract was imported. It may then have fields and operations that the cluster model lacks.

        Bundled contracts come from Flink's jars. The model knows all of their fields (`flinkmock coverage`).
        """
        return bool(self.provenance["source"] == "documentation")

    @cached_property
    def _compiled(self) -> CompiledValidator:
        from flinkmock.contract.fast_validator import CompiledValidator

        return CompiledValidator(self.definitions, requires_jackson_numbers=True, requires_key_order=self.ordered)

    def _fast_check(self, schema: Schema) -> Check:
        """Return a check that accepts valid responses 50 times as fast as jsonschema. Most responses are valid."""
        try:
            return self._compiled.check(schema)
        except NotImplementedError:  # an imported schema may have other keywords; jsonschema then checks all bodies
            return lambda body: False

    @cached_property
    def _validator(self) -> ContractValidator:
        # jsonschema is slow to import, and only needed for invalid bodies
        from flinkmock.contract.validator import ContractValidator

        return ContractValidator(self)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __repr__(self) -> str:
        return f"<Contract of Flink {self.release.version}: {len(self.operations)} operations>"


def known_releases() -> tuple[str, ...]:
    """Return the minor releases that have a schema file, bundled or imported, oldest first."""
    return tuple(_schema_files(imported_schemas_dir()))


def bundled_releases() -> tuple[str, ...]:
    """Return the minor releases that come with flinkmock, oldest first."""
    return tuple(_schema_files(None))


def imported_schemas_dir() -> Path | None:
    """Return the folder that the environment variable FLINKMOCK_SCHEMAS names; None if it isn't set."""
    folder = os.environ.get(SCHEMAS_VARIABLE)
    return Path(folder) if folder else None


@cache
def _schema_files(imported_dir: Path | None) -> Mapping[str, Path]:
    """Map minor releases to files, oldest first. An imported file takes precedence over a bundled one."""
    folders = [folder for folder in (data_dir("schemas"), imported_dir) if folder is not None]
    candidates = [file for folder in folders for file in folder.glob("*.json") if _MINOR.fullmatch(file.stem)]
    files = {file.stem: file for file in candidates}
    return {minor: files[minor] for minor in sorted(files, key=release_number)}


def release_number(minor: str) -> tuple[int, ...]:
    """Return the numbers of a minor release, for comparisons: (2, 3) for "2.3"."""
    return tuple(map(int, minor.split(".")))


def clear_release_cache() -> None:
    """Clear the caches of schema files and contracts, and of results of them. Call this after writing a schema file."""
    _schema_files.cache_clear()
    _load.cache_clear()
    for results in _DERIVED_RESULTS:
        results.clear()


def cached_by_contracts(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Cache the results of a function that loads contracts by the names of releases.

    `clear_release_cache` clears the cache, and each value of FLINKMOCK_SCHEMAS has results of its own.
    """

    results: dict[tuple[object, ...], _R] = {}

    @wraps(function)
    def cached(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        key = (imported_schemas_dir(), *args, *kwargs.items())
        if key not in results:
            results[key] = function(*args, **kwargs)
        return results[key]

    _DERIVED_RESULTS.append(results)
    return cached


@cache
def _load(file: Path) -> Contract:
    return Contract.from_file(file)


def minor_release(text: str) -> str:
    """Return "2.3" for "2.3", "2.3.0", "2.3-SNAPSHOT" and "2.3.0-SNAPSHOT".

    Other texts are returned unchanged, for the error message.
    """
    version = _VERSION.fullmatch(text)
    return version[1] if version else text
