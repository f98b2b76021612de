"""The command `flinkmock`.

Exit codes: 0 success, 1 a command found something to report (`check`, `compat`, `serve --verify`) or a condition is not
met (`ctl`), 2 usage error, 130 interrupted by ^C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from flinkmock import __version__
from flinkmock.cli import (
    check,
    compat,
    coverage,
    ctl,
    diff,
    importing,
    openapi,
    proxy,
    record,
    releases,
    scenario,
    serve,
)
from flinkmock.cli.parser import Parser
from flinkmock.cli.stdout import silence
from flinkmock.errors import FlinkMockError

COMMANDS = (serve, ctl, scenario, check, diff, compat, proxy, record, openapi, coverage, importing, releases)
"""Each module has `configure(subparsers)`, which sets `run(args) -> exit code`, and has no heavy imports."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. argparse raises SystemExit for --help and for bad options."""
    parser = Parser(
        prog="flinkmock",
        description="A fake Apache Flink cluster that speaks the JobManager's REST API of Flink 1.12 to 2.3.",
    )
    parser.add_argument("--version", action="version", version=f"flinkmock {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.configure(subparsers)
    args = parser.parse_args(argv)
    try:
        code: int = args.run(args)
    except FlinkMockError as error:
        print(f"flinkmock: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        silence()
        return 0
    except KeyboardInterrupt:
        return 130
    return code
