"""Texts of path and query parameters that Flink's converters take."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flinkmock.contract import Parameter
from flinkmock.strategies.values import HEX

PLAIN = string.ascii_lowercase + string.digits
_OFTEN_SEVERAL = frozenset({"agg", "get", "jobs", "subtasks", "taskmanagers"})
"""All query parameters of Flink are lists; these are given several values by clients."""
Known = Mapping[str, Sequence[str]]
"""Parameter -> values that are to be used: {"jobid": ["…"]}."""


def texts(parameter: Parameter, known: Known | None = None) -> SearchStrategy[str]:
    """One value, as it stands in a path or query before it is quoted. `known` wins over what would be made up."""
    if known and known.get(parameter.name):
        return st.sampled_from(known[parameter.name])
    if parameter.java_type == "FailureLabel":
        return st.tuples(_words(), _words()).map(":".join)
    if parameter.enum:
        return st.sampled_from(parameter.enum)
    if parameter.pattern:
        return st.text(HEX, min_size=32, max_size=32)
    if parameter.type == "boolean":
        return st.sampled_from(("false", "true"))
    if parameter.type == "integer":
        most = 2**63 - 1 if parameter.format == "int64" else 2**31 - 1
        return st.integers(0 if parameter.minimum is None else parameter.minimum, most).map(str)
    if parameter.name == "subtasks":
        return st.integers(0, 9).map(str)
    return _words()


def lists(parameter: Parameter, known: Known | None = None) -> SearchStrategy[str]:
    """The text of a query parameter: one value or, where clients do so, several with commas between."""
    several = parameter.list and parameter.name in _OFTEN_SEVERAL
    return st.lists(texts(parameter, known), min_size=1, max_size=3 if several else 1, unique=True).map(",".join)


def _words() -> SearchStrategy[str]:
    """Neither empty nor with a letter that means something in a URL: what becomes of those is no matter of the API."""
    return st.text(PLAIN, min_size=1, max_size=12)
