"""Renders payloads as bodies of one release of Flink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from flinkmock.contract import Contract, Operation
from flinkmock.errors import FakerMissing
from flinkmock.rest.rendering.compiler import MISSING, Compiler, RenderFunction, SchemaMismatch
from flinkmock.rest.rendering.json_encoder import encode
from flinkmock.rest.rendering.placeholders import GeneratedPlaceholders, PlaceholderSource
from flinkmock.rest.rendering.writer import WriteFunction, compile_writer

_WRITERS: WeakKeyDictionary[Contract, dict[str, WriteFunction]] = WeakKeyDictionary()
"""The writers of each contract by operation id. All clusters of a release use the same ones."""


class RenderingError(Exception):
    """A payload does not fit the contract. This is a bug of flinkmock, never a mistake of the user.

    `operation` is the operation, `pointer` the JSON pointer of the value.
    """

    def __init__(self, operation: Operation, mismatch: SchemaMismatch) -> None:
        self.operation, self.pointer = operation, mismatch.pointer
        super().__init__(f"{operation.id} ({operation}) {mismatch}")


class ResponseRenderer:
    """Renders the bodies of one contract. Equal seed, release, key and payload give equal bodies.

    Raises:
        FakerMissing: The release was imported, so that it needs placeholders, and Faker is not installed.
    """

    def __init__(self, contract: Contract, seed: int = 0) -> None:
        if contract.imported and not _has_faker():
            raise FakerMissing(contract.release.version)
        self.contract = contract
        self.seed = seed
        self._compiler = Compiler(contract.definitions)
        self._renderers: dict[str, RenderFunction] = {}
        self._writers = _WRITERS.setdefault(contract, {})
        self._placeholders = GeneratedPlaceholders("")

    def body(self, operation: Operation, payload: Any, key: str = "") -> Any:
        """Return the body of a response as a JSON value.

        Keys that the release does not have are dropped. A required key that the payload lacks gets a placeholder, which
        depends on seed, release, `key` and path. An int becomes a double, and a whole float an int, if the contract
        requires it; NaN becomes "NaN". If null is not allowed, an optional key is dropped.

        Args:
            operation: The operation of the request.
            payload: A dict or list with the keys of all releases; None or {} if there are no values.
            key: The identity of the resource (path and ids).

        Raises:
            RenderingError: The payload does not fit the contract.
            ValueError: The operation returns a file.
        """
        self._placeholders.salt = f"{self.seed}\0{self.contract.release.version}\0{key}"
        return self.render(operation, payload, self._placeholders)

    def json(self, operation: Operation, payload: Any, key: str = "") -> bytes:
        """Return the body as bytes, faster than `body`. Arguments and errors are the same."""
        try:
            text = self.text(operation, payload)
        except Exception:  # the payload needs a placeholder, or has another feature that writers don't support
            return encode(self.body(operation, payload, key))
        if "\\u00" in text:  # control characters, which Jackson escapes in upper case
            return encode(self.body(operation, payload, key))
        return text.encode("utf-8", errors="replace")

    def text(self, operation: Operation, payload: Any) -> str:
        """Return the JSON text of a payload that has all required keys.

        Escapes of control characters are in lower case. Raises any exception for a payload that needs `body`.
        """
        write = self._writers.get(operation.id)
        if write is None:
            write = compile_writer(operation.response or {}, self.contract.definitions)
            self._writers[operation.id] = write
        return write(payload)

    def render(self, operation: Operation, payload: Any, placeholders: PlaceholderSource) -> Any:
        """Return the body as `body` does, but with values from `placeholders` for missing fields."""
        render = self._renderers.get(operation.id) or self._compile(operation)
        is_missing = payload is None or (payload == {} and (operation.response or {}).get("type") == "array")
        try:
            return render(MISSING if is_missing else payload, None, placeholders)
        except SchemaMismatch as mismatch:
            raise RenderingError(operation, mismatch) from None

    def _compile(self, operation: Operation) -> Callable[..., Any]:
        if operation.response is None or operation.returns_file:
            raise ValueError(f"{operation} returns a file, not JSON")
        render = self._renderers[operation.id] = self._compiler.compile(operation.response)
        return render


def _has_faker() -> bool:
    from importlib.util import find_spec

    return find_spec("faker") is not None
