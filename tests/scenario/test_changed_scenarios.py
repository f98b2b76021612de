"""A scenario with random changes either loads, or is rejected with a list of mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.scenario import ScenarioError, load_scenario
from tests.hypothesis_profile import examples

ROOT = Path(__file__).parents[2]
VALID_TEXTS = [
    file.read_text("utf-8")
    for file in [*sorted((ROOT / "scenarios").glob("*.yaml")), ROOT / "tests" / "fidelity" / "oracle.yaml"]
]
WORDS = sorted(
    {word for text in VALID_TEXTS for word in text.split()} | set("[]{}:-#&*!|>'\"%@`,?") | {"<<", "!!int", "&a", "*a"}
)
with_examples = examples(50)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.text(max_size=8), st.sampled_from(WORDS)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def load_or_reject(source: str | dict[str, object]) -> None:
    """Load a scenario; if it is rejected, check its mistakes."""
    try:
        load_scenario(source)
    except ScenarioError as error:
        assert error.mistakes
        assert all(mistake.startswith("<scenario>") for mistake in error.mistakes if not mistake.startswith("…"))


@with_examples
@given(st.sampled_from(VALID_TEXTS), st.data())
def test_a_scenario_with_changed_text_loads_or_is_rejected(text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        line_index = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["word", "remove", "duplicate", "indent", "cut", "insert"])):
            case "word":
                words = lines[line_index].split(" ")
                words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
                lines[line_index] = " ".join(words)
            case "remove":
                del lines[line_index]
            case "duplicate":
                lines.insert(line_index, lines[line_index])
            case "indent":
                lines[line_index] = "  " + lines[line_index]
            case "cut":
                lines[line_index] = lines[line_index][: data.draw(st.integers(0, len(lines[line_index])))]
            case "insert":
                position = data.draw(st.integers(0, len(lines[line_index])))
                lines[line_index] = (
                    lines[line_index][:position] + data.draw(st.characters()) + lines[line_index][position:]
                )
        lines = lines or [""]
    load_or_reject("\n".join(lines) + "\n")


@with_examples
@given(st.sampled_from(VALID_TEXTS), st.data())
def test_a_scenario_with_changed_values_loads_or_is_rejected(text: str, data: st.DataObject) -> None:
    tree: dict[str, Any] = yaml.safe_load(text)
    for _ in range(data.draw(st.integers(1, 3))):
        container: Any = tree
        while True:
            keys = list(container) if isinstance(container, dict) else list(range(len(container)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(container[key], dict | list) or not container[key] or data.draw(st.integers(0, 3)) == 0:
                break
            container = container[key]
        match data.draw(st.sampled_from(["replace", "remove", "rename"])):
            case "replace":
                container[key] = data.draw(values)
            case "remove" if len(container) > 1:
                del container[key]
            case _ if isinstance(container, dict):
                container[data.draw(st.sampled_from(WORDS))] = container.pop(key)
    load_or_reject(tree)


@with_examples
@given(values)
def test_a_section_with_any_value_loads_or_is_rejected(value: object) -> None:
    for section in ("cluster", "templates", "jobs", "submitted", "operations", "exceptions", "faults", "expect"):
        load_or_reject({section: value})
        load_or_reject({section: {"a": value}})
        load_or_reject({section: [value, {"match": value, "drop": "reset"}, {"GET /jobs": value}]})


@with_examples
@given(values)
def test_a_key_with_any_value_loads_or_is_rejected(value: object) -> None:
    load_or_reject({"extends": value})
    for key in ("taskmanagers", "savepoints", "config"):
        load_or_reject({"cluster": {key: value}})
    for key in (
        "metrics",
        "exception-history",
        "watermarks",
        "vertices",
        "restore-duration",
        "checkpoints",
        "operations",
    ):
        load_or_reject({"jobs": {"a": {key: value}}})
    for key in ("metrics", "backpressure", "skew", "accumulators"):
        load_or_reject({"jobs": {"a": {"vertices": [{"name": "map", key: value}]}}})


@with_examples
@given(st.text(max_size=60))
def test_any_text_loads_or_is_rejected(text: str) -> None:
    if not text.endswith((".yaml", ".yml")):
        load_or_reject(text)
