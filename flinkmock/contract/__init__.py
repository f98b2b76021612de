"""The contract of Flink's REST API, one file per minor release: operations, parameters, schemas, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flinkmock.contract.contract import Contract, known_releases, own_releases
from flinkmock.contract.operation import Operation, Parameter, Schema

if TYPE_CHECKING:
    from flinkmock.contract.validator import SchemaViolation

__all__ = ["LATEST", "Contract", "Operation", "Parameter", "Schema", "SchemaViolation", "known_releases"]

LATEST = own_releases()[-1]
"""The newest minor release among flinkmock's own. One that was imported elsewhere is served only by its name."""


def __getattr__(name: str) -> Any:
    # kept out of the import of this package because jsonschema takes long to import
    if name == "SchemaViolation":
        from flinkmock.contract.validator import SchemaViolation

        return SchemaViolation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
