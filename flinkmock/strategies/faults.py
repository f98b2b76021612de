"""Strategies for faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.contract import LATEST, Contract
from flinkmock.contract.contract import cached_by_contracts
from flinkmock.contract.variation import Change
from flinkmock.faults import CorruptionKind, Drop, Fault, PredefinedReply
from flinkmock.scenario import load_scenario
from flinkmock.strategies.jobs import CHANCES
from flinkmock.strategies.lifecycles import DURATIONS_OR_RANGES, TEXTS
from flinkmock.strategies.yaml_repr import as_literal, as_yaml

DEFAULT_MAX_SIZE = 3
_FIELDS = st.sampled_from(("jobs", "state", "status.id", "jobs.0.status", "vertices.0.id", "errors.0"))


class FaultPlan(list[Fault]):
    """Faults for `FlinkMock.faults.add(*plan)`. `definitions` describe them as a scenario does; the repr is YAML."""

    def __init__(self, definitions: Iterable[Mapping[str, object]], flink: str) -> None:
        self.definitions = list(definitions)
        super().__init__(load_scenario({"flink": flink, "faults": self.definitions}).faults)

    @property
    def yaml(self) -> str:
        return as_yaml({"faults": self.definitions})

    def __repr__(self) -> str:
        return as_literal(self.yaml)


def fault_plans(
    *, flink: str = LATEST, min_size: int = 0, max_size: int = DEFAULT_MAX_SIZE
) -> SearchStrategy[FaultPlan]:
    """Generate lists of faults for all requests or some operations: lost, replaced, slow and corrupted responses.

    The simplest list is empty, the simplest fault a reset connection. No fault hangs (`drop: hang`,
    `drop: hang-after-processing`, `delay: forever`), since a single example is enough to test that.

    Args:
        flink: The minor release whose operations the faults match.
        min_size: The minimum number of faults.
        max_size: The maximum number of faults.

    Raises:
        UnknownRelease: There is no contract for the release.
    """
    Contract.load(flink)
    return _fault_plans(flink, min_size, max_size)


@st.composite
def _fault_plans(draw: DrawFn, flink: str, min_size: int, max_size: int) -> FaultPlan:
    return FaultPlan(draw(st.lists(fault_mappings(flink), min_size=min_size, max_size=max_size)), flink)


@cached_by_contracts
def fault_mappings(flink: str) -> SearchStrategy[dict[str, Any]]:
    """Generate faults as in scenarios: an effect with the conditions under which it applies."""
    operations = st.sampled_from([str(operation) for operation in Contract.load(flink) if not operation.hidden])
    matches: SearchStrategy[Any] = operations | st.lists(operations, min_size=1, max_size=2, unique=True)
    triggers: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {},
        optional={
            "match": matches,
            "times": st.integers(1, 5),
            "every": st.integers(1, 5),
            "nth": st.lists(st.integers(1, 9), min_size=1, max_size=2, unique=True),
            "chance": CHANCES,
            "during": st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda pair: f"{pair[0]}s..{sum(pair)}s"),
        },
    )
    return st.builds(lambda effect, trigger: {**effect, **trigger}, st.one_of(_effects()), triggers)


def _effects() -> list[SearchStrategy[dict[str, Any]]]:
    drops = [drop.value for drop in Drop if not drop.hangs]
    whole_body = [kind.value for kind in CorruptionKind if not kind.value.endswith(("-field", "change-type"))]
    field_changes = st.sampled_from(("drop-field", "change-type", "add-field"))
    replies: SearchStrategy[Any] = st.fixed_dictionaries(
        {"status": st.sampled_from((429, 500, 502, 503))}, optional={"errors": st.lists(TEXTS, max_size=2)}
    )
    effects: dict[str, SearchStrategy[Any]] = {
        "drop": st.sampled_from(drops),
        "reply": st.sampled_from([reply.value for reply in PredefinedReply]) | replies,
        "delay": DURATIONS_OR_RANGES,
        "corrupt": st.sampled_from(whole_body) | st.dictionaries(field_changes, _FIELDS, min_size=1, max_size=1),
        "set": st.dictionaries(
            st.sampled_from(("errors.0", "errors")),
            st.none() | st.integers(-(2**63), 2**63 - 1),
            min_size=1,
            max_size=1,
        ),
        "vary": st.just("all")
        | st.lists(st.sampled_from([str(change) for change in Change]), min_size=1, max_size=2, unique=True),
        "throttle": st.integers(1, 99).map("{}KB/s".format),
    }
    return [st.fixed_dictionaries({key: value}) for key, value in effects.items()]
