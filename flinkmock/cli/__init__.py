"""The command `flinkmock`. Exit codes: 0 well, 1 something was found (`check`), 2 a mistake of the user's, 130 ^C."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from flinkmock import __version__
from flinkmock.cli import check, compat, coverage, diff, importing, openapi, proxy, record, releases, scenario, serve
from flinkmock.cli.stdout import silence
from flinkmock.errors import FlinkMockError

COMMANDS = (serve, scenario, check, diff, compat, proxy, record, openapi, coverage, importing, releases)
"""Each module has `configure(subparsers)`, which names its `run(args) -> exit code`, and imports nothing heavy."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; argparse's own exits (--help, a bad option) leave by SystemExit."""
    parser = argparse.ArgumentParser(
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
    except FlinkMockError as mistake:
        print(f"flinkmock: {mistake}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        silence()
        return 0
    except KeyboardInterrupt:
        return 130
    return code
