"""The argument parser of all commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from flinkmock.errors import did_you_mean

RENAMED = {
    "--expect": "--verify",
    "--watch": "--reload",
    "--write": "--run-jar",
    "--mutating": "--run-jar",
    "--job": "--cancel-job",
    "--scrub": "--anonymize",
}
"""Earlier name of an option -> its current name."""
EXAMPLES = "examples:"
"""The first line of the examples in the help."""


class _HelpFormatter(argparse.HelpFormatter):
    """Keeps the lines of examples."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(EXAMPLES) else super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that suggests an option or command for each unknown one.

    Args:
        examples: Command lines, which the help shows at its end.
        arguments: The keyword arguments of ArgumentParser.
    """

    def __init__(self, *, examples: Sequence[str] = (), **arguments: Any) -> None:
        if examples:
            arguments["epilog"] = "\n".join([EXAMPLES, *(f"  {example}" for example in examples)])
        super().__init__(**{"allow_abbrev": False, "formatter_class": _HelpFormatter, **arguments})

    def parse_known_args(  # type: ignore[override]  # typeshed overloads it by the kind of namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        parsed, unparsed = super().parse_known_args(args, namespace)
        unknown = [text.partition("=")[0] for text in unparsed if text.startswith("-") and text != "-"]
        if unknown:
            self.error(" ".join(f"unknown option {option}.{self._suggestion(option)}" for option in unknown))
        return parsed, unparsed

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        names = [] if action.choices is None else [str(choice) for choice in action.choices]
        if names and str(value) not in names:
            raise argparse.ArgumentError(action, f"invalid choice: {value!r}.{did_you_mean(str(value), names)}")

    def _suggestion(self, option: str) -> str:
        options = [name for action in self._actions for name in action.option_strings]
        if RENAMED.get(option) in options:
            return f" It is called {RENAMED[option]} now."
        similar = get_close_matches(option, options, n=1)
        return f" Did you mean {similar[0]}?" if similar else ""
