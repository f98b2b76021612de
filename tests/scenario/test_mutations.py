"""A changed scenario either loads, or is refused with messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.scenario import ScenarioError, load_scenario
from tests.hypothesis_profile import examples

ROOT = Path(__file__).parents[2]
GOOD = [
    file.read_text("utf-8")
    for file in [*sorted((ROOT / "scenarios").glob("*.yaml")), ROOT / "tests" / "fidelity" / "oracle.yaml"]
]
WORDS = sorted(
    {word for text in GOOD for word in text.split()} | set("[]{}:-#&*!|>'\"%@`,?") | {"<<", "!!int", "&a", "*a"}
)
EXAMPLES = examples(50)

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.text(max_size=8), st.sampled_from(WORDS)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def loads_or_is_refused(source: str | dict[str, object]) -> None:
    try:
        load_scenario(source)
    except ScenarioError as refused:
        assert refused.mistakes
        assert all(mistake.startswith("<scenario>") for mistake in refused.mistakes if not mistake.startswith("…"))


@EXAMPLES
@given(st.sampled_from(GOOD), st.data())
def test_words_replaced_lines_moved_and_characters_lost(text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["word", "drop", "double", "indent", "cut", "insert"])):
            case "word":
                words = lines[number].split(" ")
                words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
                lines[number] = " ".join(words)
            case "drop":
                del lines[number]
            case "double":
                lines.insert(number, lines[number])
            case "indent":
                lines[number] = "  " + lines[number]
            case "cut":
                lines[number] = lines[number][: data.draw(st.integers(0, len(lines[number])))]
            case "insert":
                at = data.draw(st.integers(0, len(lines[number])))
                lines[number] = lines[number][:at] + data.draw(st.characters()) + lines[number][at:]
        lines = lines or [""]
    loads_or_is_refused("\n".join(lines) + "\n")


@EXAMPLES
@given(st.sampled_from(GOOD), st.data())
def test_values_replaced(text: str, data: st.DataObject) -> None:
    tree: dict[str, Any] = yaml.safe_load(text)
    for _ in range(data.draw(st.integers(1, 3))):
        here: Any = tree
        while True:
            keys = list(here) if isinstance(here, dict) else list(range(len(here)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(here[key], dict | list) or not here[key] or data.draw(st.integers(0, 3)) == 0:
                break
            here = here[key]
        match data.draw(st.sampled_from(["replace", "remove", "rename"])):
            case "replace":
                here[key] = data.draw(values)
            case "remove" if len(here) > 1:
                del here[key]
            case _ if isinstance(here, dict):
                here[data.draw(st.sampled_from(WORDS))] = here.pop(key)
    loads_or_is_refused(tree)


@EXAMPLES
@given(values)
def test_anything_at_all_in_a_section(value: object) -> None:
    for section in ("cluster", "templates", "jobs", "submitted", "operations", "exceptions", "faults", "expect"):
        loads_or_is_refused({section: value})
        loads_or_is_refused({section: {"a": value}})
        loads_or_is_refused({section: [value, {"match": value, "drop": "reset"}, {"GET /jobs": value}]})


@EXAMPLES
@given(values)
def test_anything_at_all_under_a_key(value: object) -> None:
    loads_or_is_refused({"extends": value})
    for key in ("taskmanagers", "savepoints", "config"):
        loads_or_is_refused({"cluster": {key: value}})
    for key in (
        "metrics",
        "exception-history",
        "watermarks",
        "vertices",
        "restore-duration",
        "checkpoints",
        "operations",
    ):
        loads_or_is_refused({"jobs": {"a": {key: value}}})
    for key in ("metrics", "backpressure", "skew", "accumulators"):
        loads_or_is_refused({"jobs": {"a": {"vertices": [{"name": "map", key: value}]}}})


@EXAMPLES
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    if not text.endswith((".yaml", ".yml")):
        loads_or_is_refused(text)
