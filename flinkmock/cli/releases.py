"""`flinkmock releases`: lists the releases of Flink that can be served."""

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
    from flinkmock.errors import InvalidArgument

    broken_count = 0
    for minor in reversed(known_releases()):
        try:
            contract = Contract.load(minor)
        except InvalidArgument as error:  # an imported contract that was edited
            print(f"{minor:5} {error}")
            broken_count += 1
        else:
            print(f"{minor:5} as {contract.release.version:7} {len(contract.operations):3} operations")
    return 1 if broken_count else 0
