"""Imports descriptions of Flink's REST API as contracts.

Flink's own descriptions (documentation pages with draft-03 schemas, an OpenAPI document) are incomplete: they omit
hidden operations, the order of keys, which keys are always present, subclasses, and what converters accept. All of that
comes from a known release, the base. The OpenAPI documents of `flinkmock openapi` are complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from flinkmock.contract.contract import Contract, bundled_releases, minor_release, release_number
from flinkmock.contract.importing.description import Description
from flinkmock.contract.importing.docs_page import read_page
from flinkmock.contract.importing.flinkmock_openapi import read_flinkmock_document
from flinkmock.contract.importing.merge import ContractMerger
from flinkmock.contract.importing.openapi_document import read_document, read_openapi
from flinkmock.contract.importing.references import define_request_bodies, referenced_definitions
from flinkmock.contract.importing.soundness import reject_foreign, reject_unsound
from flinkmock.contract.importing.standalone import standalone_schema_file
from flinkmock.contract.operation import segments_without_names
from flinkmock.errors import ImportRejected

__all__ = ["contract_from_description", "import_contract", "nearest_release", "read_description", "schema_file_text"]


def read_description(text: str) -> Description:
    """Parse a documentation page or an OpenAPI document.

    Raises:
        ImportRejected: The text is neither, or it is broken.
    """
    with _reject_broken():
        document = read_document(text)
        description = read_page(text) if document is None else read_openapi(document)
    if not description.operations:
        raise ImportRejected(
            "No operation found: neither an OpenAPI document nor a page of Flink's REST API documentation."
        )
    return description


def import_contract(
    file: Path, *, version: str, base: Contract, commit: str | None = None, built: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Create the schema file of a release from a description.

    Args:
        file: The description.
        version: The version that the description is of ("2.4.0").
        base: The contract that supplies what the description omits, by default that of `nearest_release`.
        commit: The commit that `/overview` shows. By default the commit in the description, or else "unknown".
        built: The build time that `/config` shows, in ISO 8601. By default the build time in the description, or else
            1970.

    Returns:
        The schema file, and notes on differences from the base that a person should review.

    Raises:
        ImportRejected: The file is not a description, is broken, or describes another API than Flink's.
        OSError: The file can't be read.
    """
    text = file.read_text(encoding="utf-8")
    with _reject_broken():
        complete_schema_file = _schema_file_in(text)
        if complete_schema_file is not None:
            detail = f"Read from {file.name}, an OpenAPI document that flinkmock wrote."
            header = _header(
                version, commit or complete_schema_file["commit"], built or complete_schema_file["built"], detail
            )
            schema_file = header | {name: value for name, value in complete_schema_file.items() if name not in header}
            referenced_definitions(schema_file, schema_file["$defs"])  # raises KeyError if a definition is missing
            return _checked(schema_file), []
        description = read_description(text)
        described_names = {
            (operation.method, segments_without_names(operation.path)): f"{operation.method} {operation.path}"
            for operation in description.operations
        }
        reject_foreign(described_names, base)
        is_same_release = minor_release(version) == base.release.minor
        merger = ContractMerger(base.document, description, is_same_release=is_same_release)
        detail = f"Read from {file.name} ({description.kind}), completed from {base.release.version}."
        schema_file = merger.merged_schema_file(
            _header(version, commit or "unknown", built or "1970-01-01T00:00:00Z", detail)
        )
        return _checked(schema_file), merger.notes


def nearest_release(version: str) -> str:
    """Return the bundled release that is the base of a description: the release itself, or the nearest earlier one.

    If all bundled releases are later, the oldest of them is returned.

    Args:
        version: The version that the description is of ("2.4.0").
    """
    bundled = {Contract.load(minor).release.number: minor for minor in bundled_releases()}
    requested = release_number(minor_release(version))
    return next(
        (bundled[number] for number in sorted(bundled, reverse=True) if number <= requested), min(bundled.values())
    )


def contract_from_description(text: str, version: str) -> Contract:
    """Create a contract from the content of a description only, without an order of keys.

    Raises:
        ImportRejected: The text is not a description, or it is broken.
    """
    return Contract(standalone_schema_file(read_description(text), version))


def _schema_file_in(text: str) -> dict[str, Any] | None:
    """Return the schema file that an OpenAPI document of `flinkmock openapi` contains; None for other texts."""
    document = read_document(text)
    return None if document is None else read_flinkmock_document(document)


@contextmanager
def _reject_broken() -> Iterator[None]:
    """Convert errors that a broken description causes to ImportRejected."""
    try:
        yield
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise ImportRejected(f"The description is broken: {error}") from error
    except KeyError as error:
        raise ImportRejected(f"The description refers to {error}, which it does not contain.") from error
    except RecursionError as error:
        raise ImportRejected("The description is broken: a schema contains itself, or is nested too deeply.") from error
    except ImportRejected:
        raise
    except (AttributeError, TypeError, ValueError, StopIteration) as error:  # e.g. a list instead of a mapping
        raise ImportRejected(
            f"The description is broken: it does not have the structure of an OpenAPI document ({error})."
        ) from error


def _checked(schema_file: dict[str, Any]) -> dict[str, Any]:
    """Return a schema file with a definition for each request body. Raises ImportRejected if the file is unsound."""
    schema_file = define_request_bodies(schema_file)
    reject_unsound(schema_file)
    return schema_file


def _header(version: str, commit: str, built: str, detail: str) -> dict[str, Any]:
    """Return the first entries of a schema file."""
    provenance = {"source": "documentation", "detail": detail}
    return {"flink": version, "commit": commit, "built": built, "provenance": provenance}


def schema_file_text(schema_file: Mapping[str, Any]) -> str:
    """Return the content of a schema file as JSON."""
    return json.dumps(schema_file, indent=1, ensure_ascii=False) + "\n"
