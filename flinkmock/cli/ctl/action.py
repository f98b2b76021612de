"""How the actions of `flinkmock ctl` are declared."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.cli.ctl.session import Session

Act = Callable[["Session"], int | None]
"""Carries out an action and prints its result. Returns the exit code; None is 0."""


class Actions:
    """A group of actions: those of `ctl`, or those of `ctl fault`.

    Args:
        subparsers: What argparse's `add_subparsers` returned.
        add_options: Adds the options that every action has.
    """

    def __init__(self, subparsers: Any, add_options: Callable[[argparse.ArgumentParser], None]) -> None:
        self._subparsers = subparsers
        self._add_options = add_options

    def add(self, name: str, act: Act, description: str) -> argparse.ArgumentParser:
        """Add an action. `description` is a sentence without a final period."""
        parser: argparse.ArgumentParser = self._subparsers.add_parser(
            name, help=description[0].lower() + description[1:], description=f"{description}."
        )
        self._add_options(parser)
        parser.set_defaults(act=act)
        return parser

    def group(self, name: str, description: str) -> Actions:
        """Add a group of actions."""
        parser = self._subparsers.add_parser(
            name, help=description[0].lower() + description[1:], description=f"{description}."
        )
        self._add_options(parser)
        return Actions(parser.add_subparsers(metavar="ACTION", required=True), self._add_options)
