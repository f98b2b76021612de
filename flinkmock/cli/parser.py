"""The argument parser of all commands."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

RENAMED = {"--expect": "--verify", "--watch": "--reload", "--write": "--mutating", "--scrub": "--anonymize"}
"""Options of earlier versions and their current names."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that suggests an option for each one that it does not know."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, **options})

    def parse_known_args(  # type: ignore[override]  # typeshed overloads it by the kind of namespace
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> Any:
        known, extras = super().parse_known_args(args, namespace)
        unknown = [text.partition("=")[0] for text in extras if text.startswith("-") and text != "-"]
        if unknown:
            self.error(" ".join(f"unknown option {option}.{self._suggestion(option)}" for option in unknown))
        return known, extras

    def _suggestion(self, option: str) -> str:
        own = [name for action in self._actions for name in action.option_strings]
        if RENAMED.get(option) in own:
            return f" It is called {RENAMED[option]} now."
        close = get_close_matches(option, own, n=1)
        return f" Did you mean {close[0]}?" if close else ""
