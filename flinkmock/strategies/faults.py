"""What goes wrong between clients and a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from flinkmock.contract import LATEST, Contract
from flinkmock.faults import Corruption, Drop, Fault, NamedReply
from flinkmock.scenario import load_scenario
from flinkmock.strategies.jobs import CHANCES
from flinkmock.strategies.lifecycles import SPANS, WORDS
from flinkmock.strategies.yaml_repr import as_literal, as_yaml

MOST = 3
_FIELDS = st.sampled_from(("jobs", "state", "status.id", "jobs.0.status", "vertices.0.id", "errors.0"))


class FaultPlan(list[Fault]):
    """Faults for `FlinkMock.faults.add(*plan)`. `told` is what a scenario says for them; the repr is YAML text."""

    def __init__(self, told: Iterable[Mapping[str, object]], flink: str) -> None:
        self.told = list(told)
        super().__init__(load_scenario({"flink": flink, "faults": self.told}).faults)

    @property
    def yaml(self) -> str:
        return as_yaml({"faults": self.told})

    def __repr__(self) -> str:
        return as_literal(self.yaml)


def fault_plans(*, flink: str = LATEST, min_size: int = 0, max_size: int = MOST) -> SearchStrategy[FaultPlan]:
    """Lists of faults, for all requests or some operations: lost answers, other answers, slow and spoiled ones. The
    simplest one is empty, the simplest fault a connection that is reset.

    Nothing hangs for ever (`drop: hang`, `delay: forever`): that is found with one example.

    Args:
        flink: the minor release whose operations they are about.
        min_size, max_size: how many faults.

    Raises:
        UnknownRelease: there is no contract of that release.
    """
    Contract.load(flink)
    return _fault_plans(flink, min_size, max_size)


@st.composite
def _fault_plans(draw: DrawFn, flink: str, min_size: int, max_size: int) -> FaultPlan:
    return FaultPlan(draw(st.lists(fault_mappings(flink), min_size=min_size, max_size=max_size)), flink)


@cache
def fault_mappings(flink: str) -> SearchStrategy[dict[str, Any]]:
    """Faults as a scenario has them: what happens, then to whom."""
    operations = st.sampled_from([str(operation) for operation in Contract.load(flink) if not operation.hidden])
    matches: SearchStrategy[Any] = operations | st.lists(operations, min_size=1, max_size=2, unique=True)
    whom: SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
        {},
        optional={
            "match": matches,
            "times": st.integers(1, 5),
            "every": st.integers(1, 5),
            "nth": st.lists(st.integers(1, 9), min_size=1, max_size=2, unique=True),
            "chance": CHANCES,
            "during": st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda of: f"{of[0]}s..{sum(of)}s"),
        },
    )
    return st.builds(lambda what, who: {**what, **who}, st.one_of(_whats()), whom)


def _whats() -> list[SearchStrategy[dict[str, Any]]]:
    drops = [drop.value for drop in Drop if drop is not Drop.HANG]
    whole = [kind.value for kind in Corruption if not kind.value.endswith(("-field", "change-type"))]
    spoiled = st.sampled_from(("drop-field", "change-type", "add-field"))
    replies: SearchStrategy[Any] = st.fixed_dictionaries(
        {"status": st.sampled_from((429, 500, 502, 503))}, optional={"errors": st.lists(WORDS, max_size=2)}
    )
    what: dict[str, SearchStrategy[Any]] = {
        "drop": st.sampled_from(drops),
        "reply": st.sampled_from([reply.value for reply in NamedReply]) | replies,
        "delay": SPANS,
        "corrupt": st.sampled_from(whole) | st.dictionaries(spoiled, _FIELDS, min_size=1, max_size=1),
        "throttle": st.integers(1, 99).map("{}KB/s".format),
    }
    return [st.fixed_dictionaries({word: value}) for word, value in what.items()]
