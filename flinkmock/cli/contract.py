"""`flinkmock contract import`: makes the contract of a release out of what Flink publishes about it."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser("contract", help="add a release of Flink")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    action = actions.add_parser(
        "import",
        help="read Flink's OpenAPI document, or a page of its REST API documentation, as a new release",
        description="Reads a description of the REST API as Flink publishes it and writes the contract of that "
        "release. What it leaves out (hidden operations, the order of keys, what is always there) is taken "
        "from the nearest release that is known.",
    )
    action.add_argument("file", type=Path, help="rest_v1_dispatcher.yml, or the page as Markdown or HTML")
    action.add_argument("--flink", metavar="VERSION", required=True, type=patch_release, help="its version: 2.4.0")
    action.add_argument(
        "--base", metavar="RELEASE", help="the release that lends what is left out; default: the newest"
    )
    action.add_argument("--commit", default="unknown", help="Flink's commit, as /overview tells it")
    action.add_argument(
        "--built", metavar="TIME", default="1970-01-01T00:00:00Z", help="build time, as /config tells it"
    )
    action.add_argument("--out", type=Path, metavar="FILE", help="default: among flinkmock's own schemas")
    action.set_defaults(run=run)


def patch_release(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version like 2.4.0")
    return text


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import LATEST, Contract
    from flinkmock.contract.importing import dump, import_contract
    from flinkmock.data import data_dir

    base = Contract.load(args.base or LATEST)
    out: Path = args.out or data_dir("schemas") / f"{args.flink.rpartition('.')[0]}.json"
    try:
        document, notes = import_contract(args.file, flink=args.flink, base=base, commit=args.commit, built=args.built)
        out.write_text(dump(document), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"flinkmock: {args.file}: {error}", file=sys.stderr)
        return 2
    for note in notes:
        print(note)
    print(f"{out}: {len(document['operations'])} operations of Flink {args.flink}")
    return 0
