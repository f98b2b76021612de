"""Flink's own descriptions of its REST API, read in as a contract.

What Flink publishes (documentation pages with draft-03 schemas, an OpenAPI document) leaves things out: hidden
operations, the order of keys, which keys are always there, subclasses, what converters accept. A known release lends
all that (`base`), so that the next release is one command. Our own OpenAPI documents leave nothing out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from flinkmock.contract.contract import Contract
from flinkmock.contract.importing.description import Description
from flinkmock.contract.importing.docs_page import read_page
from flinkmock.contract.importing.flinkmock_openapi import read_own
from flinkmock.contract.importing.merge import ContractMerger
from flinkmock.contract.importing.openapi import read_document, read_openapi
from flinkmock.contract.importing.standalone import alone
from flinkmock.errors import ImportRefused

__all__ = ["documented", "dump", "import_contract", "read_description"]


def read_description(text: str) -> Description:
    """What a page or an OpenAPI document tells; the format is found out. Raises ImportRefused."""
    with _refusals():
        document = read_document(text)
        description = read_page(text) if document is None else read_openapi(document)
    if not description.operations:
        raise ImportRefused(
            "No operation found: neither an OpenAPI document nor a page of Flink's REST API documentation."
        )
    return description


def import_contract(
    file: Path, *, flink: str, base: Contract, commit: str | None = None, built: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """(the schema file for release `flink` ("2.4.0"), notes for people) from a description and the nearest release.

    `commit` and `built` (ISO time) as `/overview` and `/config` tell them; None: as told, else unknown. Raises
    ImportRefused, OSError.
    """
    text = file.read_text(encoding="utf-8")
    if (own := _own(text)) is not None:
        detail = f"Read from {file.name}, an OpenAPI document of flinkmock's own."
        head = _head(flink, commit or own["commit"], built or own["built"], detail)
        return head | {name: value for name, value in own.items() if name not in head}, []
    description = read_description(text)
    onto = ContractMerger(base.document, description)
    detail = f"Read from {file.name} ({description.kind}); what it does not tell was taken from {base.release.version}."
    return onto.document(_head(flink, commit or "unknown", built or "1970-01-01T00:00:00Z", detail)), onto.notes


def documented(text: str, flink: str) -> Contract:
    """The documentation taken at its word: only what it tells, without any order of keys. Raises ImportRefused."""
    return Contract(alone(read_description(text), flink))


def _own(text: str) -> dict[str, Any] | None:
    with _refusals():
        document = read_document(text)
        return None if document is None else read_own(document)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns what a broken description leads to into ImportRefused."""
    try:
        yield
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise ImportRefused(f"The description is broken: {error}") from error
    except KeyError as error:
        raise ImportRefused(f"The description refers to {error}, which it does not have.") from error
    except ImportRefused:
        raise
    except (AttributeError, TypeError, ValueError) as error:  # a list where a mapping belongs, a status that is none
        raise ImportRefused(
            f"The description is broken: it has not the form of an OpenAPI document ({error})."
        ) from error


def _head(flink: str, commit: str, built: str, detail: str) -> dict[str, Any]:
    provenance = {"source": "documentation", "detail": detail}
    return {"flink": flink, "commit": commit, "built": built, "provenance": provenance}


def dump(document: Mapping[str, Any]) -> str:
    """The text of a schema file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
