"""Strategies for the responses of a release."""

from __future__ import annotations

import json
from typing import Any, Literal, overload

from hypothesis.strategies import DrawFn, SearchStrategy, composite

from flinkmock.contract import LATEST, Contract
from flinkmock.rest.rendering import encode
from flinkmock.strategies.values import TEXT, values_of


@overload
def responses(operation: str, *, flink: str = ...) -> SearchStrategy[Any]: ...
@overload
def responses(operation: str, *, flink: str = ..., as_bytes: Literal[True]) -> SearchStrategy[bytes]: ...
@overload
def responses(operation: str, *, flink: str = ..., as_bytes: bool) -> SearchStrategy[Any]: ...
def responses(operation: str, *, flink: str = LATEST, as_bytes: bool = False) -> SearchStrategy[Any]:
    """Generate bodies of successful responses to an operation, as its contract allows them.

    Some optional keys are missing, and some values are null or "NaN" where Flink can write that. The values are
    not consistent with each other: use `FlinkMock` for consistent responses.

    Args:
        operation: "GET /jobs/:jobid", or an operation id ("getJobDetails").
        flink: The minor release.
        as_bytes: Generate the encoded body instead of the parsed JSON. Files, such as logs, are text or bytes.

    Raises:
        NotFound: The release has no such operation.
        UnknownRelease: There is no contract for the release.
    """
    contract = Contract.load(flink)
    requested_operation = contract.find(operation)
    if requested_operation.returns_file or requested_operation.response is None:
        return TEXT.map(str.encode) if as_bytes else TEXT
    return _bodies(values_of(flink).of(requested_operation.response), as_bytes)


@composite
def _bodies(draw: DrawFn, values: SearchStrategy[Any], as_bytes: bool) -> Any:
    """Draw a body. Hypothesis shows the drawn value instead of the calls that created its parts."""
    raw = encode(draw(values))
    return raw if as_bytes else json.loads(raw)
