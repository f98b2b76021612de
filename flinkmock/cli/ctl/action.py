"""Declares the actions of `flinkmock ctl`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.cli.ctl.session import Session

Act = Callable[["Session"], int | None]
"""Runs an action and prints its result. Returns the exit code; None for 0."""


class Actions:
    """A group of actions: those of `ctl`, or those of `ctl fault`.

    Args:
        subparsers: The result of argparse's `add_subparsers`.
        add_options: Adds the options that every action has.
        command: The words before the name of an action.
    """

    def __init__(
        self, subparsers: Any, add_options: Callable[[argparse.ArgumentParser], None], command: str = "flinkmock ctl"
    ) -> None:
        self._subparsers = subparsers
        self._add_options = add_options
        self._command = command

    def add(self, name: str, act: Act, description: str, *, example: str = "") -> argparse.ArgumentParser:
        """Add an action.

        Args:
            name: The name of the action.
            act: Runs the action.
            description: A sentence without a final period.
            example: Arguments for the example in the help.
        """
        parser = self._parser(name, description, example)
        parser.set_defaults(act=act)
        return parser

    def group(self, name: str, description: str, *, example: str) -> Actions:
        """Add a group of actions, which is empty at first. `example` is one of its actions, with arguments."""
        parser = self._parser(name, description, example)
        command = f"{self._command} {name}"
        return Actions(parser.add_subparsers(metavar="ACTION", required=True), self._add_options, command)

    def _parser(self, name: str, description: str, example: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = self._subparsers.add_parser(
            name,
            help=description[0].lower() + description[1:],
            description=f"{description}.",
            examples=(f"{self._command} {name} {example}".rstrip(),),
        )
        self._add_options(parser)
        return parser
