"""Answers that a release may give."""

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
    """Bodies with which an operation may succeed, by the contract of the release: a client has to read them all.

    Where Flink may leave a key out it is missing at times, where it may write null or "NaN" there is null or "NaN" at
    times. Numbers do not add up: `FlinkMock` gives answers that tell one story.

    Args:
        operation: "GET /jobs/:jobid", or an operation id ("getJobDetails").
        flink: minor release.
        as_bytes: as it comes over the wire, instead of the parsed JSON. Of an operation that answers a file (a log) it
            is text either way.

    Raises:
        NotFound: the release has no such operation.
        UnknownRelease: there is no contract of it.
    """
    contract = Contract.load(flink)
    found = contract.find(operation)
    if found.returns_file or found.response is None:
        return TEXT.map(str.encode) if as_bytes else TEXT
    return _bodies(values_of(flink).of(found.response), as_bytes)


@composite
def _bodies(draw: DrawFn, values: SearchStrategy[Any], as_bytes: bool) -> Any:
    """What a client gets, made anew: hypothesis shows it as it is, and not as the calls that its parts came from."""
    raw = encode(draw(values))
    return raw if as_bytes else json.loads(raw)
