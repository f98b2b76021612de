"""The command `flinkmock`.

Exit codes: 0 success, 1 findings (`check`, `compat` and others) or something that was expected has not happened (`serve
--verify`, `ctl`), 2 usage error or the command failed, 130 interrupted by ^C.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from flinkmock import __version__, limits
from flinkmock.cli import terminal
from flinkmock.cli.parser import Parser
from flinkmock.errors import FlinkMockError

COMMANDS = {
    "serve": "serve",
    "ctl": "ctl",
    "scenario": "scenario",
    "check": "check",
    "diff": "diff",
    "compat": "compat",
    "proxy": "proxy",
    "record": "record",
    "adopt": "adopt",
    "openapi": "openapi",
    "coverage": "coverage",
    "import": "importing",
    "releases": "releases",
    "dashboard": "dashboard",
    "doctor": "doctor",
    "completion": "completion",
}
"""Command -> its module. Each module has `configure(subparsers)`, which sets `run(args) -> exit code`, and no heavy
imports."""

REPORTED_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""The errors of standard output that are reported, unlike a closed pipe."""


def create_parser(commands: Iterable[str] = tuple(COMMANDS)) -> Parser:
    """Return the parser of some commands, whose modules are imported."""
    parser = Parser(
        prog="flinkmock",
        description="A fake Apache Flink cluster that speaks the JobManager's REST API of Flink 1.12 to 2.3.",
        examples=("flinkmock serve demo.yaml", "flinkmock scenario list", "flinkmock COMMAND --help"),
    )
    parser.add_argument("--version", action="version", version=f"flinkmock {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in commands:
        import_module(f"flinkmock.cli.{COMMANDS[command]}").configure(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. argparse raises SystemExit for --help and for bad options."""
    arguments = sys.argv[1:] if argv is None else argv
    # imports only the command that runs; help and mistakes need all commands
    parser = create_parser(arguments[:1] if arguments and arguments[0] in COMMANDS else COMMANDS)
    terminal.prepare()
    try:
        try:
            args = parser.parse_args(arguments)
            limits.check()
            code: int = args.run(args)
        finally:
            terminal.flush()
    except FlinkMockError as error:
        print(f"{terminal.paint('flinkmock:', 'red', sys.stderr)} {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        terminal.silence()
        return 0
    except OSError as error:
        if error.errno not in REPORTED_OUTPUT_ERRORS or error.filename is not None:
            raise
        terminal.silence()
        print(f"flinkmock: standard output can't be written: {error.strerror}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code
