"""`flinkmock openapi`: writes the REST API of a release as an OpenAPI document."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "openapi",
        help="write the REST API of a release as an OpenAPI 3.1 document",
        description="Writes the REST API of a release as an OpenAPI 3.1 document, for code generators and test tools. "
        "Unlike Flink's own document, this document matches the responses of a real cluster.",
        examples=("flinkmock openapi --flink 1.20 -o flink.json",),
    )
    parser.add_argument("--flink", metavar="RELEASE", help="default: the newest")
    parser.add_argument("--format", choices=("json", "yaml"), default="json", help="default: %(default)s")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: standard output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import LATEST, Contract
    from flinkmock.contract.openapi import openapi
    from flinkmock.errors import FlinkMockError, unwritable_message
    from flinkmock.tables import counted

    contract = Contract.load(args.flink or LATEST)
    document = openapi(contract)
    if args.format == "yaml":
        import yaml

        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    else:
        import json

        text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if args.out is None:
        print(text, end="")
        return 0
    try:
        args.out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FlinkMockError(unwritable_message(args.out, error)) from error
    count = counted(sum(map(len, document["paths"].values())), "operation")
    print(f"{args.out}: {count} of Flink {contract.release.version}")
    return 0
