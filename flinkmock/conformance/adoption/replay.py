"""Sends the requests of hand-written fakes to the cluster of a scenario, and compares the responses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from flinkmock.cluster.errors import ClusterError
from flinkmock.conformance.adoption.hand_written import WILDCARD, HandWrittenResponse
from flinkmock.conformance.adoption.review import review
from flinkmock.engine import Engine
from flinkmock.rest.error_responses import RestRequestRejected
from flinkmock.rest.in_process import InProcessClient, OperationNotFound
from flinkmock.scenario import load_scenario

COMPARED_KEYS = frozenset(
    {
        "flink-version", "id", "jid", "jobs-cancelled", "jobs-failed", "jobs-finished", "jobs-running", "name",
        "parallelism", "slots-total", "slotsNumber", "state", "status", "taskmanagers",
    }
)  # fmt: skip
"""Keys whose values a scenario determines. Other values are computed by the model."""
IDENTIFYING_KEYS = ("jid", "id", "name")
"""Keys that identify the entries of lists."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value in which the scenario's cluster differs from the fake.

    Attributes:
        request: The request of the fake: "GET /jobs/overview".
        pointer: JSON pointer of the value.
        fake: The value of the fake.
        served: The value of the cluster; None if it lacks the value.
    """

    request: str
    pointer: str
    fake: Any
    served: Any

    def __str__(self) -> str:
        return f"{self.request}: {self.pointer} is {self.served!r}, in the fake {self.fake!r}"


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The result of `replay`.

    Attributes:
        compared_count: The number of compared responses.
        equal_count: The number of compared responses without differences.
        differences: The differences of all compared responses.
    """

    compared_count: int
    equal_count: int
    differences: Sequence[Difference]


def replay(responses: Sequence[HandWrittenResponse], scenario: Mapping[str, Any]) -> ReplayResult:
    """Compare the responses of fakes with those of the cluster of a scenario.

    Args:
        responses: The responses of fakes. Only those to a GET with a path and a JSON body are compared.
        scenario: The scenario, as `scenario_of` returns it.
    """
    engine = Engine(load_scenario(scenario), clock="virtual")
    try:
        engine.advance("1s")
        client = InProcessClient(engine)
        release = engine.contract.release.minor
        targets = [(response, _target(response, release)) for response in responses]
        differences = [
            tuple(_compare(response, _served(client, target))) for response, target in targets if target is not None
        ]
        return ReplayResult(len(differences), differences.count(()), list(chain.from_iterable(differences)))
    finally:
        engine.close()


def _target(response: HandWrittenResponse, flink: str) -> str | None:
    """Return the path to request; None if the response can't be compared."""
    segments = response.path.partition("?")[0].split("/")
    is_concrete = WILDCARD not in segments and not any(segment.startswith(":") for segment in segments)
    response_review = review(response, [flink])
    if response.method != "GET" or response.status != 200 or not is_concrete or response_review.operation is None:
        return None
    return response.path.removeprefix(response_review.base_path) if isinstance(response.body, Mapping) else None


def _served(client: InProcessClient, target: str) -> Any:
    try:
        return client.json("GET", target)
    except (ClusterError, OperationNotFound, RestRequestRejected):
        return None


def _compare(response: HandWrittenResponse, served: Any) -> Iterator[Difference]:
    if served is None:
        yield Difference(response.request, "the response", "a success", "an error")
        return
    for pointer, expected, actual in _leaves("", response.body, served):
        if expected != actual:
            yield Difference(response.request, pointer, expected, actual)


def _leaves(pointer: str, fake: Any, served: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (pointer, value in the fake, served value) of each compared key."""
    if isinstance(fake, Mapping):
        for key, value in fake.items():
            other = served.get(key) if isinstance(served, Mapping) else None
            if isinstance(value, Mapping | list):
                yield from _leaves(f"{pointer}/{key}", value, other)
            elif key in COMPARED_KEYS:
                yield f"{pointer}/{key}", value, other
    elif isinstance(fake, list):
        entries = served if isinstance(served, list) else []
        for index, value in enumerate(fake):
            yield from _leaves(f"{pointer}/{index}", value, _entry(value, index, entries))


def _entry(value: Any, index: int, entries: list[Any]) -> Any:
    """Return the entry with the same identifying key as `value`; without such a key, the entry at the same position."""
    if isinstance(value, Mapping):
        for key in IDENTIFYING_KEYS:
            if key in value:
                same_entries = (
                    entry for entry in entries if isinstance(entry, Mapping) and entry.get(key) == value[key]
                )
                return next(same_entries, None)
    return entries[index] if index < len(entries) else None
