"""The contract of Flink's REST API, one file per minor release: operations, parameters, schemas, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flinkmock.contract.contract import Contract, known_releases, own_releases
from flinkmock.contract.operation import Operation, Parameter, Schema

if TYPE_CHECKING:
    from flinkmock.contract.checking import Deviation

__all__ = ["LATEST", "Contract", "Deviation", "Operation", "Parameter", "Schema", "known_releases"]

LATEST = own_releases()[-1]
"""The newest minor release among flinkmock's own. One that was imported elsewhere is served only by its name."""


def __getattr__(name: str) -> Any:
    # kept out of the import of this package because jsonschema takes long to import
    if name == "Deviation":
        from flinkmock.contract.checking import Deviation

        return Deviation
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
