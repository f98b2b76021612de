"""Strategies for path and query parameters that Flink accepts."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flinkmock.contract import Parameter
from flinkmock.strategies.values import HEX_DIGITS

PLAIN_CHARACTERS = string.ascii_lowercase + string.digits
_LIST_PARAMETERS = frozenset({"agg", "get", "jobs", "subtasks", "taskmanagers"})
"""Query parameters for which clients send several values. Flink reads all query parameters as lists."""
KnownValues = Mapping[str, Sequence[str]]
"""Name of a parameter -> its possible values: {"jobid": ["…"]}."""


def parameter_texts(parameter: Parameter, known: KnownValues | None = None) -> SearchStrategy[str]:
    """Generate one value, unquoted. If `known` has values for the parameter, generate only these."""
    if known and known.get(parameter.name):
        return st.sampled_from(known[parameter.name])
    if parameter.java_type == "FailureLabel":
        return st.tuples(_words(), _words()).map(":".join)
    if parameter.enum:
        return st.sampled_from(parameter.enum)
    if parameter.pattern:
        return st.text(HEX_DIGITS, min_size=32, max_size=32)
    if parameter.type == "boolean":
        return st.sampled_from(("false", "true"))
    if parameter.type == "integer":
        maximum = 2**63 - 1 if parameter.format == "int64" else 2**31 - 1
        return st.integers(0 if parameter.minimum is None else parameter.minimum, maximum).map(str)
    if parameter.name == "subtasks":
        return st.integers(0, 9).map(str)
    return _words()


def query_parameter_texts(parameter: Parameter, known: KnownValues | None = None) -> SearchStrategy[str]:
    """Generate the text of a query parameter: one value, or several with commas."""
    max_size = 3 if parameter.list and parameter.name in _LIST_PARAMETERS else 1
    return st.lists(parameter_texts(parameter, known), min_size=1, max_size=max_size, unique=True).map(",".join)


def _words() -> SearchStrategy[str]:
    """Generate text that is not empty and has no special characters of URLs."""
    return st.text(PLAIN_CHARACTERS, min_size=1, max_size=12)
