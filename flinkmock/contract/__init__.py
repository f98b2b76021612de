"""The contracts of Flink's REST API: the operations, parameters and schemas of each release, and their validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flinkmock.contract.contract import Contract, bundled_releases, known_releases
from flinkmock.contract.operation import Operation, Parameter, Schema

if TYPE_CHECKING:
    from flinkmock.contract.validator import SchemaViolation

__all__ = ["LATEST", "Contract", "Operation", "Parameter", "Schema", "SchemaViolation", "known_releases"]

LATEST = bundled_releases()[-1]
"""The newest bundled release, the default. Imported releases are never the default."""


def __getattr__(name: str) -> Any:
    # lazy: jsonschema is slow to import
    if name == "SchemaViolation":
        from flinkmock.contract.validator import SchemaViolation

        return SchemaViolation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
