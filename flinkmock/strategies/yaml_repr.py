"""Shows generated scenarios as YAML, which reproduces a failure if it is saved as a file."""

from __future__ import annotations

from collections.abc import Mapping

import yaml


def as_yaml(scenario: Mapping[str, object]) -> str:
    return yaml.safe_dump(dict(scenario), sort_keys=False, allow_unicode=True, width=120)


def as_literal(text: str) -> str:
    """Return the YAML as a Python literal that keeps the lines, so that it can be copied to a test or a file."""
    return f'r"""\n{text}"""' if '"""' not in text else repr(text)


class DrawnScenario(dict[str, object]):
    """A mapping for `FlinkMock` and `load_scenario`. Its repr is YAML text, which they also accept."""

    @property
    def yaml(self) -> str:
        return as_yaml(self)

    def __repr__(self) -> str:
        return as_literal(self.yaml)
