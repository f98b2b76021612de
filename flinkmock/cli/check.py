"""`flinkmock check`: does a live server speak Flink's REST API?"""

from __future__ import annotations

import argparse
from typing import Any


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "check",
        help="ask a live server every safe GET of the contract and report what deviates",
        description="Asks a live server, real or fake, every GET of the contract that changes nothing, and reports "
        "each deviation of status, content type and body. Exit code 0: none; 1: some; 2: the server can't be asked.",
    )
    parser.add_argument("url", help="the server's address, e.g. http://127.0.0.1:8081")
    parser.add_argument(
        "--flink", metavar="RELEASE", help="compare with this release; default: what the server says it is"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from flinkmock.conformance import check

    report = check(args.url, args.flink)
    print(report.table())
    return 0 if report.clean else 1
