"""`flinkmock import`: creates the contract of a release from Flink's OpenAPI document or documentation page."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "import",
        help="add a release of Flink, from its OpenAPI document or a page of its documentation",
        description="Reads a description of the REST API and writes the contract of the release, which can then be "
        "served. Details that Flink's descriptions lack (hidden operations, the order of keys, required keys) come "
        "from --base. The contract is written to the folder in the environment variable "
        "FLINKMOCK_SCHEMAS, or to flinkmock's own folder.",
        examples=("flinkmock import rest_v1_dispatcher.yml --flink 2.4.0",),
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="Flink's rest_v1_dispatcher.yml, the documentation page as Markdown or HTML, or output of flinkmock "
        "openapi",
    )
    parser.add_argument("--flink", metavar="VERSION", required=True, type=version, help="the version, such as 2.4.0")
    parser.add_argument(
        "--base",
        metavar="RELEASE",
        help="the release that provides missing details; default: of the releases that come with flinkmock, the same "
        "minor release or the nearest earlier one, else the oldest",
    )
    parser.add_argument("--commit", help="Flink's commit, as in /overview")
    parser.add_argument("--built", metavar="TIME", help="the build time, as in /config")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="write the contract to this file")
    parser.set_defaults(run=run)


def version(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+(\.\d+|(\.\d+)?-SNAPSHOT)", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a version. Write 2.4.0 or 2.4-SNAPSHOT.")
    return text


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import Contract
    from flinkmock.contract.contract import clear_release_cache, minor_release
    from flinkmock.contract.importing import import_contract, nearest_release, schema_file_text
    from flinkmock.errors import FlinkMockError, ImportRejected, unreadable_message, unwritable_message
    from flinkmock.tables import counted

    base = Contract.load(args.base or nearest_release(args.flink))
    out: Path = args.out or contract_file(minor_release(args.flink))
    try:
        document, notes = import_contract(
            args.file, version=args.flink, base=base, commit=args.commit, built=args.built
        )
        check_servable(document)
    except ImportRejected as error:
        raise FlinkMockError(f"{args.file}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise FlinkMockError(unreadable_message(args.file, error)) from error
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(schema_file_text(document), encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(unwritable_message(out, error)) from error
    clear_release_cache()
    for note in notes:
        print(note)
    print(f"{out}: {counted(len(document['operations']), 'operation')} of Flink {args.flink}")
    return 0


def check_servable(document: Mapping[str, Any]) -> None:
    """Check that a fake cluster of the release can answer every operation.

    Raises:
        ImportRejected: The cluster can't answer one of the operations.
    """
    from flinkmock.conformance.field_coverage import measure_coverage
    from flinkmock.contract import Contract
    from flinkmock.errors import FakerMissing, ImportRejected
    from flinkmock.rest.rendering import RenderingError

    try:
        measure_coverage(Contract(document))
    except RenderingError as error:
        raise ImportRejected(
            f"The release could not be served: {error}. If the description is right, flinkmock can't serve this change."
        ) from error
    except FakerMissing:
        return  # `check` and `diff` can use the release without Faker; `serve` reports that Faker is missing
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ImportRejected(f"The release could not be served, because of a schema: {error!r}.") from error


def contract_file(minor: str) -> Path:
    """Return the path of the contract of a release. Raises ImportRejected if the contract there came with flinkmock."""
    from flinkmock.contract import Contract
    from flinkmock.contract.contract import imported_schemas_dir
    from flinkmock.data_files import data_dir
    from flinkmock.errors import ImportRejected

    file = (imported_schemas_dir() or data_dir("schemas")) / f"{minor}.json"
    if file.exists() and not Contract.from_file(file).imported:
        raise ImportRejected(
            f"flinkmock already contains Flink {minor}, from Flink's own jars. To replace it, set FLINKMOCK_SCHEMAS to "
            "another folder. To write the contract elsewhere, use --out FILE."
        )
    return file
