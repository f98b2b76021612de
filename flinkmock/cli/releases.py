"""`flinkmock releases`: which releases of Flink can be served."""

from __future__ import annotations

import argparse
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "releases", help="list the releases of Flink that can be served", examples=("flinkmock releases",)
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.contract import Contract, known_releases

    for minor in reversed(known_releases()):
        contract = Contract.load(minor)
        print(f"{minor:5} as {contract.release.version:7} {len(contract.operations):3} operations")
    return 0
