"""Finds parts of a scenario that can't have an effect: operations that the release lacks, faults that never apply,
expectations that can't be met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import operations_of_scenario_key
from flinkmock.contract.pattern import Pattern
from flinkmock.dryrun.fault_order import selected_before
from flinkmock.errors import did_you_mean
from flinkmock.faults import Fault, FaultTrigger
from flinkmock.flink.options import OPTIONS_BY_NAME
from flinkmock.journal import Expectation, Expected, InOrder
from flinkmock.rest.router import Router
from flinkmock.scenario.diagnostics import Diagnostics
from flinkmock.scenario.document import YamlNode
from flinkmock.scenario.scenario import Scenario


class StaticChecks:
    """Checks one scenario for one release. The configuration of the cluster can disable operations."""

    def __init__(
        self, document: YamlNode, scenario: Scenario, contract: Contract, configuration: Mapping[str, str],
        diagnostics: Diagnostics,
    ) -> None:  # fmt: skip
        self._document = document
        self._scenario = scenario
        self._contract = contract
        self._router = Router(contract, configuration)
        self._diagnostics = diagnostics

    def run(self) -> None:
        """Add a diagnostic for each finding."""
        self._operations(self._document)
        for section in ("jobs", "templates", "submitted"):
            jobs = self._document.get(section)
            for node in jobs.items.values() if jobs is not None else ():
                self._operations(node)
        self._options()
        self._faults()
        self._expectations()

    def _missing(self, pattern: Pattern) -> str | None:
        """Return a message if no operation matches the pattern, otherwise None."""
        operations = [operation for operation in self._contract if pattern.may_match(operation)]
        return self._missing_reason(f"operation {pattern}", operations)

    def _missing_reason(self, subject: str, operations: Sequence[Operation]) -> str | None:
        if any(self._router.route(operation.method, operation.path) is not None for operation in operations):
            return None
        for operation in operations:
            options = ", ".join(operation.requires_config)
            return f"the configuration disables the {subject} ({options})"
        return f"Flink {self._contract.release.minor} has no {subject}"

    # -- operations

    def _operations(self, node: YamlNode) -> None:
        configured = node.get("operations")
        for name in configured.items if configured is not None else ():
            ids = operations_of_scenario_key(name)
            operations = [
                self._contract.operation(operation_id) for operation_id in ids if operation_id in self._contract
            ]
            reason = self._missing_reason(f'operation "{name}"', operations) if ids else None
            if reason and configured is not None:
                self._diagnostics.add(configured.key_location(name), f"{reason}, so this has no effect.")

    def _options(self) -> None:
        """Find options that the release lacks, and names that look misspelled."""
        cluster = self._document.get("cluster")
        config = cluster.get("config") if cluster is not None else None
        release = self._contract.release
        for key, node in (config.items if config is not None else {}).items():
            option = OPTIONS_BY_NAME.get(key)
            location = config.key_location(key) if config is not None else node.location
            if option is None:
                hint = did_you_mean(key, OPTIONS_BY_NAME, cutoff=0.9, list_known=False)
                if hint:
                    self._diagnostics.add(location, f'Flink has no option "{key}".{hint}')
            elif not option.exists_in(release):
                has = f"since {option.since}" if not release.since(option.since) else f"until {option.until}"
                self._diagnostics.add(location, f"Flink {release.minor} has no option {key} ({has}): it has no effect.")

    # -- faults

    def _faults(self) -> None:
        listed = self._document.get("faults")
        nodes = listed.elements if listed is not None else []
        earlier: list[Fault] = []
        for node, fault in zip(nodes, self._scenario.faults, strict=False):
            location = (node.get("match") or node).location
            patterns = fault.trigger.patterns
            for pattern in patterns:
                if missing := self._missing(pattern):
                    self._diagnostics.add(location, f'{missing}: "{fault.name}" never applies to it.')
            reason = _impossible_reason(fault.trigger)
            if reason:
                self._diagnostics.add(node.location, f'"{fault.name}" can never apply: {reason}.')
            hiding = next(([other] for other in earlier if _hides(other, fault.trigger)), None) or selected_before(
                fault, earlier
            )
            if hiding:
                names = " and ".join(f'"{other.name}"' for other in hiding)
                subject = f"earlier faults {names} apply" if hiding[1:] else f"earlier fault {names} applies"
                text = f'"{fault.name}" can never apply: the {subject} to all of its requests.'
                self._diagnostics.add(node.location, text)
            earlier.append(fault)

    # -- expectations

    def _expectations(self) -> None:
        nodes = self._document.get("expect")
        nodes_by_location = {str(location): node for node, location in _locations(nodes)}
        counted: list[Expectation] = []
        for expectation in self._scenario.expect:
            node = nodes_by_location.get(getattr(expectation, "location", ""))
            if node is None:
                continue
            for pattern in _required_patterns(expectation):
                if missing := self._missing(pattern):
                    self._diagnostics.add(node.location, f"{missing}: this expectation can't be met.")
            if isinstance(expectation, Expectation):
                self._check_contradiction(expectation, counted, node)
                counted.append(expectation)

    def _check_contradiction(self, expectation: Expectation, earlier: list[Expectation], node: YamlNode) -> None:
        for other in earlier:
            if expectation.matcher != other.matcher:
                continue
            low, high = max(expectation.times.low, other.times.low), _min(expectation.times.high, other.times.high)
            if high is not None and low > high:
                line = other.location.rsplit(":", 2)[-2] if ":" in other.location else "?"
                text = f"{expectation.matcher} {expectation.times} contradicts line {line}, which says {other.times}."
                self._diagnostics.add(node.location, text)


def _impossible_reason(when: FaultTrigger) -> str | None:
    """Return the reason if the conditions can never be met together, otherwise None."""
    if when.chance == 0:
        return "its chance is 0%"
    if when.nth and all(n % when.every for n in when.nth):
        numbers = ", ".join(map(str, sorted(when.nth)))
        return f"none of the requests {numbers} is a multiple of {when.every}"
    if when.during is not None and when.during[1] is not None and when.during[0] >= when.during[1]:
        return "its time ends before it begins"
    if when.job is not None and when.patterns and not any(":jobid" in p.segments or _has_id(p) for p in when.patterns):
        return f"no request that it matches concerns a job, so none concerns {when.job}"
    return None


def _has_id(pattern: Pattern) -> bool:
    """Return whether the pattern has an id in the place of an operation, as in /jobs/:id/plan."""
    return pattern.segments[:1] == ("jobs",) and len(pattern.segments) > 1 and pattern.segments[1] != "overview"


def _hides(earlier: Fault, later: FaultTrigger) -> bool:
    """Return whether the earlier fault applies to every request that the later one matches."""
    first = earlier.trigger
    if earlier.serve_stale is not None and not (
        later.patterns and all(pattern.method == "GET" for pattern in later.patterns)
    ):
        return False  # only responses to reads can be stale
    always = (
        first.job in (None, later.job)
        and first.headers.items() <= later.headers.items()
        and first.job_state in (None, later.job_state)
        and first.every == 1
        and not first.nth
        and first.chance >= 1
        and first.times is None
        and _covers(first.during, later.during)
    )
    return always and (not first.patterns or (bool(later.patterns) and set(later.patterns) <= set(first.patterns)))


def _covers(outer: tuple[int, int | None] | None, inner: tuple[int, int | None] | None) -> bool:
    if outer is None:
        return True
    if inner is None or outer[0] > inner[0]:
        return outer[0] == 0 and outer[1] is None
    return outer[1] is None or (inner[1] is not None and inner[1] <= outer[1])


def _required_patterns(expected: Expected) -> list[Pattern]:
    """Return the patterns of requests that have to be sent."""
    if isinstance(expected, Expectation):
        return [expected.matcher.pattern] if expected.times.low else []
    return [matcher.pattern for matcher in expected.matchers] if isinstance(expected, InOrder) else []


def _locations(nodes: YamlNode | None) -> list[tuple[YamlNode, object]]:
    """Return each expectation's node with its location in `ExpectReader`."""
    located: list[tuple[YamlNode, object]] = []
    for node in nodes.elements if nodes is not None else ():
        if not node.items:
            located.append((node, node.location))
        located += [(YamlNode(node.key_location(key), key), node.key_location(key)) for key in node.items]
    return located


def _min(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
