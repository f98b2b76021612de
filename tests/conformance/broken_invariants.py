"""The invariants that single responses break."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flinkmock.conformance.coherence import Invariants, View, success_response
from flinkmock.conformance.coherence.evaluation import EvaluatedRelation, violations
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.contract import Contract

JOB_ID = "317c85711bba4188e117fddefd8dc49c"


def response(release: str, operation_id: str, target: str, body: Any) -> SuccessResponse:
    return success_response(Contract.load(release).operation(operation_id), target, body)


def broken_within(release: str, response: SuccessResponse) -> set[str]:
    """Return the ids of the invariants that a response breaks."""
    return ids_of(invariants_of(release).relations_within(response))


def broken_over_time(release: str, before: SuccessResponse, after: SuccessResponse) -> set[str]:
    """Return the ids of the invariants that two responses to the same request break."""
    return ids_of(invariants_of(release).relations_over_time(before, after))


def broken_between(release: str, *responses: SuccessResponse) -> set[str]:
    """Return the ids of the invariants that responses break together."""
    return ids_of(invariants_of(release).relations_between(View(responses)))


def configuration(release: str, **options: str) -> SuccessResponse:
    """Return the configuration of a cluster; `options` have underscores instead of dots."""
    entries = [{"key": key.replace("_", "."), "value": value} for key, value in options.items()]
    return response(release, "getClusterConfigurationInfo", "/jobmanager/config", entries)


def ids_of(relations: Iterable[EvaluatedRelation]) -> set[str]:
    return {violation.invariant.id for violation in violations(relations)}


def invariants_of(release: str) -> Invariants:
    return Invariants(Contract.load(release).release.number)
