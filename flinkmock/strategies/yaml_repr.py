"""How what was drawn is shown when a test fails: as YAML, to be kept as a scenario file that fails the same way."""

from __future__ import annotations

from collections.abc import Mapping

import yaml


def as_yaml(told: Mapping[str, object]) -> str:
    return yaml.safe_dump(dict(told), sort_keys=False, allow_unicode=True, width=120)


def as_literal(text: str) -> str:
    """YAML text as Python reads it, with its lines as they are: good for a test, and without the quotes for a file."""
    return f'r"""\n{text}"""' if '"""' not in text else repr(text)


class DrawnScenario(dict[str, object]):
    """A mapping that `FlinkMock` and `load_scenario` take. Its repr is YAML text, which they take as well."""

    @property
    def yaml(self) -> str:
        return as_yaml(self)

    def __repr__(self) -> str:
        return as_literal(self.yaml)
