"""`flinkmock import`: makes the contract of a release out of what is published about it."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "import",
        help="add a release of Flink, from its OpenAPI document or a page of its documentation",
        description="Reads a description of the REST API and writes the contract of that release, which is served from "
        "then on. What Flink's own descriptions leave out (hidden operations, the order of keys, what is always there) "
        "is taken from the nearest release that is known. The file goes into the folder that the environment variable "
        "FLINKMOCK_SCHEMAS names; without one, among flinkmock's own.",
    )
    parser.add_argument(
        "file",
        type=Path,
        help="rest_v1_dispatcher.yml of Flink, the page as Markdown or HTML, or what flinkmock openapi has written",
    )
    parser.add_argument("--flink", metavar="VERSION", required=True, type=patch_release, help="its version: 2.4.0")
    parser.add_argument(
        "--base", metavar="RELEASE", help="the release that lends what is left out; default: the newest"
    )
    parser.add_argument("--commit", help="Flink's commit, as /overview tells it")
    parser.add_argument("--built", metavar="TIME", help="build time, as /config tells it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="another place for the contract")
    parser.set_defaults(run=run)


def patch_release(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version like 2.4.0")
    return text


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import LATEST, Contract
    from flinkmock.contract.contract import forget_releases
    from flinkmock.contract.importing import dump, import_contract
    from flinkmock.errors import FlinkMockError, ImportRefused

    base = Contract.load(args.base or LATEST)
    out: Path = args.out or place_of(args.flink.rpartition(".")[0])
    try:
        document, notes = import_contract(args.file, flink=args.flink, base=base, commit=args.commit, built=args.built)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(dump(document), encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(f"{error.filename}: {error.strerror}") from error
    except (UnicodeDecodeError, ImportRefused) as error:
        raise FlinkMockError(f"{args.file}: {error}") from error
    forget_releases()
    for note in notes:
        print(note)
    print(f"{out}: {len(document['operations'])} operations of Flink {args.flink}")
    return 0


def place_of(minor: str) -> Path:
    """Where the contract of a release goes. Raises ImportRefused where one lies that has not been imported."""
    from flinkmock.contract import Contract
    from flinkmock.contract.contract import imported_dir
    from flinkmock.data import data_dir
    from flinkmock.errors import ImportRefused

    place = (imported_dir() or data_dir("schemas")) / f"{minor}.json"
    if place.exists() and not Contract.read(place).imported:
        raise ImportRefused(
            f"Flink {minor} comes with flinkmock, read from Flink's own jars. To have the imported one in its place, "
            "name a folder of your own in FLINKMOCK_SCHEMAS; to keep it elsewhere, write --out FILE."
        )
    return place
