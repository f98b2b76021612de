"""Finds parts of a scenario that can't have an effect: operations and configuration options that the release lacks,
faults that never apply, expectations that can't be met."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flinkmock.contract import Contract, Operation
from flinkmock.contract.operation_traits import operations_of_scenario_key
from flinkmock.contract.pattern import Pattern
from flinkmock.dryrun.hidden_faults import hiding_faults
from flinkmock.errors import did_you_mean
from flinkmock.faults import Fault, FaultTrigger
from flinkmock.flink.option_uses import OPTION_USES_BY_KEY
from flinkmock.journal import Expectation, Expected, InOrder
from flinkmock.rest.router import Router
from flinkmock.scenario.diagnostics import Diagnostics, SourceLocation
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
        self._check_operations(self._document)
        for section in ("jobs", "templates", "submitted"):
            for node in self._document.items_of(section).values():
                self._check_operations(node)
        self._check_options()
        self._check_faults()
        self._check_expectations()

    def _absence_message(self, pattern: Pattern) -> str | None:
        """Return a message if the cluster has no operation that matches the pattern, otherwise None."""
        operations = [operation for operation in self._contract if pattern.may_match(operation)]
        return self._reason_for_absence(f"operation {pattern}", operations)

    def _reason_for_absence(self, subject: str, operations: Sequence[Operation]) -> str | None:
        """Return why the cluster has none of the operations; None if it has one."""
        if not operations:
            return f"Flink {self._contract.release.minor} has no {subject}"
        if any(self._router.route(operation.method, operation.path) is not None for operation in operations):
            return None
        options = ", ".join(operations[0].requires_config)
        return f"the configuration disables the {subject} ({options})"

    # -- operations

    def _check_operations(self, node: YamlNode) -> None:
        """Find settings of operations that the release lacks, or that the configuration disables."""
        settings = node.get("operations")
        if settings is None:
            return
        for name in settings.items:
            ids = operations_of_scenario_key(name)
            operations = [
                self._contract.operation(operation_id) for operation_id in ids if operation_id in self._contract
            ]
            reason = self._reason_for_absence(f'operation "{name}"', operations) if ids else None
            if reason is not None:
                self._diagnostics.add(settings.key_location(name), f"{reason}, so this has no effect.")

    def _check_options(self) -> None:
        """Find options that the release lacks, and names that look misspelled."""
        cluster = self._document.get("cluster")
        config = cluster.get("config") if cluster is not None else None
        if config is None:
            return
        release = self._contract.release
        for key in config.items:
            option, location = OPTION_USES_BY_KEY.get(key), config.key_location(key)
            if option is None:
                hint = did_you_mean(key, OPTION_USES_BY_KEY, cutoff=0.9, list_known=False)
                if hint:
                    self._diagnostics.add(location, f'Flink has no option "{key}".{hint}')
            elif not option.exists_in(release):
                period = f"since {option.since}" if not release.since(option.since) else f"until {option.until}"
                message = f"Flink {release.minor} has no option {key} ({period}): it has no effect."
                self._diagnostics.add(location, message)

    # -- faults

    def _check_faults(self) -> None:
        earlier: list[Fault] = []
        # the last faults have no node: they make leaders hang before a crash
        for node, fault in zip(self._document.elements_of("faults"), self._scenario.faults, strict=False):
            location = (node.get("match") or node).location
            for pattern in fault.trigger.patterns:
                if absence := self._absence_message(pattern):
                    self._diagnostics.add(location, f'{absence}: "{fault.name}" never applies to it.')
            reason = _impossible_reason(fault.trigger)
            if reason:
                self._diagnostics.add(node.location, f'"{fault.name}" can never apply: {reason}.')
            hiding = hiding_faults(fault, earlier)
            if hiding:
                names = " and ".join(f'"{other.name}"' for other in hiding)
                subject = f"earlier faults {names} apply" if len(hiding) > 1 else f"earlier fault {names} applies"
                message = f'"{fault.name}" can never apply: the {subject} to all of its requests.'
                self._diagnostics.add(node.location, message)
            earlier.append(fault)

    # -- expectations

    def _check_expectations(self) -> None:
        locations = {str(location): location for location in _expectation_locations(self._document)}
        earlier: list[Expectation] = []
        for expectation in self._scenario.expect:
            location = locations.get(expectation.location)
            if location is None:
                continue
            for pattern in _required_patterns(expectation):
                if absence := self._absence_message(pattern):
                    self._diagnostics.add(location, f"{absence}: this expectation can't be met.")
            if isinstance(expectation, Expectation):
                self._check_contradiction(expectation, earlier, location)
                earlier.append(expectation)

    def _check_contradiction(
        self, expectation: Expectation, earlier: list[Expectation], location: SourceLocation
    ) -> None:
        """Find earlier expectations of the same requests with a number that contradicts this one."""
        for other in earlier:
            if expectation.matcher != other.matcher:
                continue
            low = max(expectation.times.low, other.times.low)
            high = _smallest_limit(expectation.times.high, other.times.high)
            if high is not None and low > high:
                line = other.location.rsplit(":", 2)[-2] if ":" in other.location else "?"
                message = (
                    f"{expectation.matcher} {expectation.times} contradicts line {line}, which says {other.times}."
                )
                self._diagnostics.add(location, message)


def _impossible_reason(trigger: FaultTrigger) -> str | None:
    """Return the reason if the conditions can never be met together, otherwise None."""
    if trigger.chance == 0:
        return "its chance is 0%"
    if trigger.nth and all(number % trigger.every for number in trigger.nth):
        numbers = ", ".join(map(str, sorted(trigger.nth)))
        return f"none of the requests {numbers} is a multiple of {trigger.every}"
    if trigger.during is not None:
        start, end = trigger.during
        if end is not None and start >= end:
            return "its time ends before it begins"
    if trigger.job is not None and trigger.patterns and not any(map(_may_concern_job, trigger.patterns)):
        return f"no request that it matches concerns a job, so none concerns {trigger.job}"
    return None


def _may_concern_job(pattern: Pattern) -> bool:
    """Return whether the pattern has the parameter `:jobid`, or an id in its place, as in /jobs/0123…/plan."""
    if ":jobid" in pattern.segments:
        return True
    return pattern.segments[:1] == ("jobs",) and len(pattern.segments) > 1 and pattern.segments[1] != "overview"


def _required_patterns(expected: Expected) -> list[Pattern]:
    """Return the patterns of requests that have to be sent."""
    if isinstance(expected, Expectation):
        return [expected.matcher.pattern] if expected.times.low else []
    return [matcher.pattern for matcher in expected.matchers] if isinstance(expected, InOrder) else []


def _expectation_locations(document: YamlNode) -> Iterator[SourceLocation]:
    """Yield the locations that `ExpectReader` gives to expectations."""
    for node in document.elements_of("expect"):
        if not node.items:
            yield node.location
        yield from map(node.key_location, node.items)


def _smallest_limit(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
