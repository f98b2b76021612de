"""Reads accumulators: their types and values."""

from __future__ import annotations

from collections.abc import Iterable

from flinkmock.cluster.accumulators import FLINK_TYPES
from flinkmock.errors import did_you_mean
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode, parse_scalar


def read_accumulators(
    accumulators: YamlNode | None, diagnostics: Diagnostics
) -> tuple[dict[str, str], dict[str, object]]:
    """Return the types of the accumulators by name, and the values that the scenario specifies by name.

    Types that Flink lacks are user-defined. They need a value, which can be anything.
    """
    types: dict[str, str] = {}
    values: dict[str, object] = {}
    for name, node in (accumulators.items if accumulators is not None else {}).items():
        accumulator_type = node.items["type"].text if node.items else node.text
        types[name] = accumulator_type
        value_node = node.get("value") if node.items else None
        if value_node is not None:
            values[name] = _read_value(accumulator_type, value_node, diagnostics)
        elif accumulator_type not in FLINK_TYPES:
            hint = did_you_mean(accumulator_type, sorted(FLINK_TYPES))
            message = f'"{accumulator_type}" is not a Flink accumulator.{hint} A user-defined type needs a value.'
            diagnostics.add(node.location, message)
    return types, values


def _read_value(accumulator_type: str, node: YamlNode, diagnostics: Diagnostics) -> object:
    value = node.to_python()
    if accumulator_type not in FLINK_TYPES:
        return value
    if accumulator_type == "Histogram":
        form = "a mapping such as {2: 708, 3: 355}"
        is_valid = isinstance(value, dict) and _are_ints(value.values()) and _are_ints(map(parse_scalar, value))
    elif accumulator_type == "ListAccumulator":
        form, is_valid = "a list such as [100, 200]", isinstance(value, list) and _are_ints(value)
    elif accumulator_type.startswith("Double") or accumulator_type == "AverageAccumulator":
        form, is_valid = "a number", isinstance(value, int | float)
        value = float(value) if isinstance(value, int) else value
    else:
        form, is_valid = "a whole number", isinstance(value, int)
    if not is_valid:
        diagnostics.add(node.location, f"a value of type {accumulator_type} must be {form}.")
    elif isinstance(value, dict):
        return {int(key): count for key, count in value.items()}
    return value


def _are_ints(values: Iterable[object]) -> bool:
    return all(isinstance(value, int) for value in values)
