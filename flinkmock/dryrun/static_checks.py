"""What a scenario speaks of and the served release does not have, and what contradicts itself: faults that strike
nobody, expectations that nobody meets, lengths of operations that there are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flinkmock.contract import Contract, Operation
from flinkmock.contract.pattern import Pattern
from flinkmock.faults import Fault, FaultTrigger
from flinkmock.journal import Expectation, Expected, InOrder
from flinkmock.rest.router import Router
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.scenario import Scenario

OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "savepoint": ("triggerSavepoint",),
    "stop-with-savepoint": ("triggerStopWithSavepoint",),
    "checkpoint": ("triggerCheckpoint",),
    "cancel": ("cancelJob",),
    "rescale": ("updateJobResourceRequirements", "rescaleJob"),
    "dispose-savepoint": ("triggerSavepointDisposal",),
    "submit": ("submitJob",),
    "upload": ("uploadJar",),
    "delete-dataset": ("deleteClusterDataSet",),
}
"""A word of the section `operations` -> the operations of the REST API that it is about."""


class StaticChecks:
    """Looks at one scenario as a release serves it. `configuration` is the cluster's: it switches operations off."""

    def __init__(
        self, document: YamlNode, scenario: Scenario, contract: Contract, configuration: Mapping[str, str],
        mistakes: Diagnostics,
    ) -> None:  # fmt: skip
        self._document = document
        self._scenario = scenario
        self._contract = contract
        self._router = Router(contract, configuration)
        self._mistakes = mistakes

    def find(self) -> None:
        """Adds a mistake for each thing that can't be."""
        self._operations(self._document)
        for section in ("jobs", "templates", "submitted"):
            found = self._document.get(section)
            for node in found.items.values() if found is not None else ():
                self._operations(node)
        self._faults()
        self._expectations()

    def _missing(self, pattern: Pattern) -> str | None:
        """Why no request of the pattern is ever served; None if some are."""
        meant = [operation for operation in self._contract if pattern.may_match(operation)]
        return self._why_missing(f"operation {pattern}", meant)

    def _why_missing(self, what: str, meant: Sequence[Operation]) -> str | None:
        if any(self._router.route(operation.method, operation.path) is not None for operation in meant):
            return None
        for operation in meant:
            switches = ", ".join(operation.requires_config)
            return f"this cluster has {what} switched off ({switches})"
        return f"Flink {self._contract.release.minor} has no {what}"

    # -- operations

    def _operations(self, node: YamlNode) -> None:
        given = node.get("operations")
        for name in given.items if given is not None else ():
            ids = OPERATIONS.get(name, ())
            meant = [self._contract.operation(each) for each in ids if each in self._contract]
            why = self._why_missing(f'"{name}"', meant) if ids else None
            if why and given is not None:
                self._mistakes.add(given.key_place(name), f"{why}: this is never asked.")

    # -- faults

    def _faults(self) -> None:
        listed = self._document.get("faults")
        nodes = listed.elements if listed is not None else []
        earlier: list[Fault] = []
        for node, fault in zip(nodes, self._scenario.faults, strict=False):
            place = (node.get("match") or node).place
            patterns = fault.trigger.patterns
            for pattern in patterns:
                if missing := self._missing(pattern):
                    self._mistakes.add(place, f'{missing}: "{fault.name}" never strikes it.')
            why = _never(fault.trigger)
            if why:
                self._mistakes.add(node.place, f'"{fault.name}" can never strike: {why}.')
            before = next((other for other in earlier if _takes_all(other, fault.trigger)), None)
            if before is not None:
                text = f'"{fault.name}" can never strike: "{before.name}" stands before it and takes each such request.'
                self._mistakes.add(node.place, text)
            earlier.append(fault)

    # -- expectations

    def _expectations(self) -> None:
        nodes = self._document.get("expect")
        places = {str(place): node for node, place in _places(nodes)}
        counted: list[Expectation] = []
        for each in self._scenario.expect:
            node = places.get(getattr(each, "place", ""))
            if node is None:
                continue
            for pattern in _asked_for(each):
                if missing := self._missing(pattern):
                    self._mistakes.add(node.place, f"{missing}: no client can meet this.")
            if isinstance(each, Expectation):
                self._contradicts(each, counted, node)
                counted.append(each)

    def _contradicts(self, each: Expectation, earlier: list[Expectation], node: YamlNode) -> None:
        for other in earlier:
            if each.wanted != other.wanted:
                continue
            low, high = max(each.times.low, other.times.low), _least(each.times.high, other.times.high)
            if high is not None and low > high:
                line = other.place.rsplit(":", 2)[-2] if ":" in other.place else "?"
                text = f"{each.wanted} {each.times} contradicts line {line}, which says {other.times}."
                self._mistakes.add(node.place, text)


def _never(when: FaultTrigger) -> str | None:
    """Why no request is ever hit, as far as the conditions themselves tell."""
    if when.chance == 0:
        return "its chance is 0%"
    if when.nth and all(n % when.every for n in when.nth):
        numbers = ", ".join(map(str, sorted(when.nth)))
        return f"none of the requests {numbers} is one of each {when.every}"
    if when.during is not None and when.during[1] is not None and when.during[0] >= when.during[1]:
        return "its time is over when it begins"
    if when.job is not None and when.patterns and not any(":jobid" in p.segments or _has_id(p) for p in when.patterns):
        return f"no request of its match is about a job, so none is about {when.job}"
    return None


def _has_id(pattern: Pattern) -> bool:
    """Whether a job can be meant by a path such as /jobs/:id/plan."""
    return pattern.segments[:1] == ("jobs",) and len(pattern.segments) > 1 and pattern.segments[1] != "overview"


def _takes_all(earlier: Fault, second: FaultTrigger) -> bool:
    """Whether the earlier one takes every request that the second is about."""
    first = earlier.trigger
    if earlier.serve_stale is not None and not (
        second.patterns and all(each.method == "GET" for each in second.patterns)
    ):
        return False  # only what is read can be out of date
    always = (
        first.job in (None, second.job)
        and first.headers.items() <= second.headers.items()
        and first.job_state in (None, second.job_state)
        and first.every == 1
        and not first.nth
        and first.chance >= 1
        and first.times is None
        and _covers(first.during, second.during)
    )
    return always and (not first.patterns or (bool(second.patterns) and set(second.patterns) <= set(first.patterns)))


def _covers(outer: tuple[int, int | None] | None, inner: tuple[int, int | None] | None) -> bool:
    if outer is None:
        return True
    if inner is None or outer[0] > inner[0]:
        return outer[0] == 0 and outer[1] is None
    return outer[1] is None or (inner[1] is not None and inner[1] <= outer[1])


def _asked_for(expected: Expected) -> list[Pattern]:
    """Requests that have to come."""
    if isinstance(expected, Expectation):
        return [expected.wanted.pattern] if expected.times.low else []
    return [wanted.pattern for wanted in expected.wanted] if isinstance(expected, InOrder) else []


def _places(nodes: YamlNode | None) -> list[tuple[YamlNode, object]]:
    """Each expectation's node with the place that it is known by (see `ExpectReader`)."""
    found: list[tuple[YamlNode, object]] = []
    for node in nodes.elements if nodes is not None else ():
        if not node.items:
            found.append((node, node.place))
        found += [(YamlNode(node.key_place(key), key), node.key_place(key)) for key in node.items]
    return found


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
