"""Facts in, bodies out: what is true of the cluster in the shape that one release of Flink gives it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from flinkmock.contract import Contract, Operation
from flinkmock.errors import FakerMissing
from flinkmock.rest.rendering.compiler import MISSING, Build, Compiler, SchemaMismatch
from flinkmock.rest.rendering.placeholders import GeneratedPlaceholders, PlaceholderSource


class SynthesisError(Exception):
    """A fact that the contract has no place for: a mistake in flinkmock's model, never one of its user.

    `operation` and `pointer` say where.
    """

    def __init__(self, operation: Operation, misfit: SchemaMismatch) -> None:
        self.operation, self.pointer = operation, misfit.where
        super().__init__(f"{operation.id} ({operation}) {misfit}")


class ResponseRenderer:
    """Makes the bodies of one contract; equal (seed, release, key, facts) give equal bodies.

    Raises FakerMissing for a release that was imported, if Faker is missing: better now than in a request.
    """

    def __init__(self, contract: Contract, seed: int = 0) -> None:
        if contract.imported and find_spec("faker") is None:
            raise FakerMissing(contract.release.version)
        self.contract = contract
        self.seed = seed
        self._compiler = Compiler(contract.definitions)
        self._programs: dict[str, Build] = {}
        self._invented = GeneratedPlaceholders("")

    def body(self, operation: Operation, facts: Any, key: str = "") -> Any:
        """The answer of `operation` (a JSON value) for `facts`.

        `facts`: a dict or list, keyed as Flink keys its answers, a superset for all releases; None or {} when nothing
        is known. Keys that the release does not know are dropped; a key that it insists on and that no fact tells
        is made up from (seed, release, `key`, place). `key` names what the answer is about (path and ids).
        An int becomes a double and a whole float an int where the contract says so; NaN becomes "NaN". A null where
        the contract allows none leaves out the key if the release may leave it out.

        Raises SynthesisError when a fact does not fit, ValueError for an operation that answers a file.
        """
        self._invented.salt = f"{self.seed}\0{self.contract.release.version}\0{key}"
        return self.build(operation, facts, self._invented)

    def build(self, operation: Operation, facts: Any, source: PlaceholderSource) -> Any:
        """Like `body`, with `source` making up what no fact tells."""
        program = self._programs.get(operation.id) or self._compile(operation)
        nothing = facts is None or (facts == {} and (operation.response or {}).get("type") == "array")
        try:
            return program(MISSING if nothing else facts, None, source)
        except SchemaMismatch as misfit:
            raise SynthesisError(operation, misfit) from None

    def _compile(self, operation: Operation) -> Callable[..., Any]:
        if operation.response is None or operation.returns_file:
            raise ValueError(f"{operation} answers a file, not JSON")
        program = self._programs[operation.id] = self._compiler.compile(operation.response)
        return program
