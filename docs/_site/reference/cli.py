"""The page about the command line, from the parsers of all commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from flinkmock.cli import create_parser
from flinkmock.cli.parser import EXAMPLES

HEAD = """\
# Command line

Every command has `--help`. The exit code is 0 for success, 1 for findings, unmet expectations or conditions, and 2
for a usage error or if a command fails, for example because the server is unreachable.
"""


COMMON_OPTIONS_OF_CTL = """\
## flinkmock ctl

All actions of `flinkmock ctl` have these options:
"""


def page() -> str:
    parsers = list(_commands(create_parser()))
    ctl_parsers = [parser for parser in parsers if parser.prog.startswith("flinkmock ctl ")]
    common_rows = _rows(ctl_parsers[0])
    for parser in ctl_parsers:
        common_rows = [row for row in common_rows if row in _rows(parser)]
    parts = [HEAD]
    for parser in parsers:
        if parser is ctl_parsers[0]:
            parts += [COMMON_OPTIONS_OF_CTL, _table(common_rows)]
        parts += _section(parser, common_rows if parser in ctl_parsers else [])
    return "\n".join(parts)


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                if not any(isinstance(inner, argparse._SubParsersAction) for inner in command._actions):
                    yield command
                yield from _commands(command)


def _section(parser: argparse.ArgumentParser, common_rows: list[str]) -> Iterator[str]:
    """Yield the parts of a command's section, whose table omits the common options."""
    yield f"## {parser.prog}\n"
    yield f"{_escaped(parser.description or '')}\n"
    if rows := [row for row in _rows(parser) if row not in common_rows]:
        yield _table(rows)
    if parser.epilog and parser.epilog.startswith(EXAMPLES):
        lines = [line.strip() for line in parser.epilog.splitlines()[1:]]
        yield "\n".join(["```sh", *lines, "```\n"])


def _rows(parser: argparse.ArgumentParser) -> list[str]:
    return [_row(action) for action in parser._actions if action.help != argparse.SUPPRESS and action.dest != "help"]


def _table(rows: list[str]) -> str:
    return "\n".join(["| argument | |", "|---|---|", *rows]) + "\n"


def _row(action: argparse.Action) -> str:
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    if isinstance(value, tuple):
        value = " ".join(value)
    if not action.option_strings:
        name = f"`{value}` …" if action.nargs in ("*", "+") else f"`{value}`"
    else:
        suffix = {0: "", "?": f" [{value}]"}.get(action.nargs, f" {value}")
        name = ", ".join(f"`{option}{suffix}`" for option in action.option_strings)
    name = name.replace("|", "\\|")
    return f"| {name} | {_escaped((action.help or '') % _placeholders(action))} |"


def _placeholders(action: argparse.Action) -> dict[str, object]:
    """Return the values that `%(name)s` stands for in a help text."""
    return {"default": action.default, "prog": "flinkmock"}


def _escaped(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
