"""The differences of two JSON bodies, apart from values that vary between runs (ids, times, sizes, counts).

These are compared: keys and their order, types (int and float differ), null, -1, the form of ids, enum values, and
whether lists, maps and strings are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

ID = re.compile(r"^[0-9a-f]{32}$")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ENUM = re.compile(r"^[A-Z][A-Z_]*[A-Z]$")

MAPS = frozenset(
    {
        "accumulator-results",
        "extendedResources",
        "failureLabels",
        "serialized-user-task-accumulators",
        "user-config",
    }
)
"""Objects that are maps: their keys are data (names, ids), not names of fields."""

NULLABLE = frozenset(
    {
        "checkpoint_timestamp",
        "completed",
        "discarded",
        "endpoint",
        "external_path",
        "failed",
        "restored",
        "rootException",
        "savepoint",
    }
)
"""Fields that are null in some runs, depending on what happened shortly before."""

STATES = frozenset(
    {
        "CANCELED",
        "CANCELING",
        "CANCELLING",
        "COMPLETED",
        "CREATED",
        "DEPLOYING",
        "FAILED",
        "FAILING",
        "FINISHED",
        "INITIALIZING",
        "IN_PROGRESS",
        "RECONCILING",
        "RESTARTING",
        "RUNNING",
        "SCHEDULED",
        "SUSPENDED",
    }
)

# Two recordings of one release differ in these values.
VOLATILE_LISTS = (".history", ".data.children", ".user-task-accumulators", ".user-accumulators")
"""The ends of the paths of lists that may be empty."""
VOLATILE_MAPS = frozenset({"serialized-user-task-accumulators"})
"""Maps that may be empty."""
VOLATILE_MINUS_ONE = frozenset({"jmxPort"})
"""Numbers that may be -1."""
DURING_TRANSITION = "(during a transition)"
"""The path of the whole body if it was requested during a transition: all states in it count as equal."""
VOLATILE_STATES = ("history[]", DURING_TRANSITION, ".jobs[]")
"""Parts of paths below which all states count as equal."""

Differences = list[str]


def compare_bodies(real: Any, other: Any, *, during_transition: bool = False) -> Differences:
    """Return the differences of two bodies. With `during_transition`, all states count as equal."""
    differences: Differences = []
    _compare(real, other, DURING_TRANSITION if during_transition else "", None, differences)
    return differences


def json_type(value: Any) -> str:
    """Return the type of a JSON value. The strings that Jackson writes for NaN and infinity are floats."""
    if isinstance(value, bool):
        return "bool"
    if value is None:
        return "null"
    if isinstance(value, float) or value in ("NaN", "Infinity", "-Infinity"):
        return "float"
    return {int: "int", str: "string", list: "array", dict: "object"}[type(value)]


def is_map(key: str | None, value: dict[str, Any]) -> bool:
    """Return whether an object is a map: its keys are ids, numbers or user data."""
    return key in MAPS or (bool(value) and all(ID.match(name) or name.isdigit() or UUID.match(name) for name in value))


def signature(value: Any, key: str | None = None) -> str:
    """Return a text that is equal for all values of the same shape."""
    value_type = json_type(value)
    if value_type == "object":
        if value and all(name in STATES for name in value):
            return "states"
        if is_map(key, value):
            return "{*:" + "|".join(sorted({signature(item) for item in value.values()})) + "}"
        return "{" + ",".join(f"{name}:{signature(item, name)}" for name, item in value.items()) + "}"
    if value_type == "array":
        return "[" + "|".join(sorted({signature(item, key) for item in value})) + "]"
    if value_type == "string" and ENUM.match(value):
        return "enum"
    if value_type == "null" and key in NULLABLE:
        return "?"
    return value_type


def _compare(real: Any, other: Any, path: str, key: str | None, differences: Differences) -> None:
    real_type, other_type = json_type(real), json_type(other)
    if real_type != other_type:
        if not ("null" in (real_type, other_type) and key in NULLABLE):
            differences.append(f"{path or '/'}: {other_type}, not {real_type}")
    elif real_type == "object":
        _compare_objects(real, other, path, key, differences)
    elif real_type == "array":
        if bool(real) != bool(other):
            if not path.endswith(VOLATILE_LISTS):
                differences.append(f"{path or '/'}: list {_filled(other)}, not {_filled(real)}")
        elif real:
            _compare_groups(real, other, path, key, differences)
    elif real_type == "int":
        if (real == -1) != (other == -1) and key not in VOLATILE_MINUS_ONE and ".jobs[]" not in path:
            differences.append(f"{path}: {_minus_one_or_not(other)}, not {_minus_one_or_not(real)}")
    elif real_type == "string":
        _compare_strings(real, other, path, differences)


def _compare_objects(
    real: dict[str, Any], other: dict[str, Any], path: str, key: str | None, differences: Differences
) -> None:
    if is_map(key, real) or is_map(key, other):
        if bool(real) != bool(other):
            if key not in VOLATILE_MAPS:
                differences.append(f"{path}: map {_filled(other)}, not {_filled(real)}")
        elif real:
            _compare_groups(real.values(), other.values(), path + ".*", None, differences)
        return
    missing, extra = [name for name in real if name not in other], [name for name in other if name not in real]
    if key == "status-duration":  # a map of the states that a subtask has passed through, which vary
        missing, extra = [], [name for name in extra if name not in STATES]
    if missing:
        differences.append(f"{path or '/'}: keys missing: {', '.join(missing)}")
    if extra:
        differences.append(f"{path or '/'}: keys extra: {', '.join(extra)}")
    # Flink keeps counts by state in hash maps, whose order differs between JVMs
    is_by_state = all(name in STATES for name in real)
    if not missing and not extra and not is_by_state and list(real) != list(other):
        differences.append(f"{path or '/'}: key order {list(other)} not {list(real)}")
    for name in real:
        if name in other:
            _compare(real[name], other[name], f"{path}.{name}", name, differences)


def _compare_groups(
    real: Iterable[Any], other: Iterable[Any], path: str, key: str | None, differences: Differences
) -> None:
    """Compare two lists, or the values of two maps: each shape in one must be similar to a shape in the other."""
    real_shapes, other_shapes = _distinct(real, key), _distinct(other, key)
    _compare_shapes(other_shapes, real_shapes, path, key, differences, candidates_are_real=True)
    if path != ".jobs":  # the real cluster may list further jobs
        _compare_shapes(real_shapes, other_shapes, path, key, differences, candidates_are_real=False)


def _compare_shapes(
    values: dict[str, Any],
    candidates: dict[str, Any],
    path: str,
    key: str | None,
    all_differences: Differences,
    *,
    candidates_are_real: bool,
) -> None:
    """Add the differences of each shape in `values` from the most similar one in `candidates`."""
    for shape, value in values.items():
        if shape in candidates:
            continue
        comparable = list(candidates.values())
        if subtype := _subtype(value):  # completed, failed and in-progress checkpoints have different shapes
            comparable = [candidate for candidate in comparable if _subtype(candidate) == subtype]
        nearest: Differences | None = None
        for candidate in comparable:
            differences: Differences = []
            real, other = (candidate, value) if candidates_are_real else (value, candidate)
            _compare(real, other, path + "[]", key, differences)
            if nearest is None or _cost(differences) < _cost(nearest):
                nearest = differences
            if not differences:
                break
        all_differences.extend(text for text in nearest or [] if text not in all_differences)


def _compare_strings(real: str, other: str, path: str, differences: Differences) -> None:
    are_volatile_states = real in STATES and other in STATES and any(part in path for part in VOLATILE_STATES)
    if ID.match(real) and not ID.match(other):
        differences.append(f"{path}: '{other[:40]}', not a 32-digit id")
    elif ENUM.match(real) and real != other and not are_volatile_states:
        differences.append(f"{path}: '{other[:40]}', not {real}")
    elif (real == "") != (other == ""):
        differences.append(f"{path}: {_filled(other)} string, not {_filled(real)}")


def _distinct(values: Iterable[Any], key: str | None) -> dict[str, Any]:
    """Return one value of each shape, by its signature."""
    by_signature: dict[str, Any] = {}
    for value in values:
        by_signature.setdefault(signature(value, key), value)
    return by_signature


def _subtype(value: Any) -> str | None:
    return (value.get("className") or value.get("@class")) if isinstance(value, dict) else None


def _cost(differences: Differences) -> int:
    """Return the distance of two shapes. A difference in keys counts three times."""
    return sum(3 if "keys " in text else 1 for text in differences)


def _filled(value: Any) -> str:
    return "filled" if value else "empty"


def _minus_one_or_not(value: int) -> str:
    return "-1" if value == -1 else "not -1"
