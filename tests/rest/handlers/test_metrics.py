"""Aggregated metrics: what one name that is missing, or has no number, does to the others."""

from __future__ import annotations

from flinkmock.cluster.spec import CheckpointSpec
from tests.rest.handlers.http_helpers import TourClient, job


def names(asker: TourClient, wanted: str) -> list[str]:
    return [metric["id"] for metric in asker.ask("getAggregatedJobMetrics", {"get": wanted.split(",")})]


def test_a_name_without_values_empties_the_answer():
    with TourClient(job(checkpoints=CheckpointSpec(every=1_000))) as asker:
        asker.advance("1min")
        assert names(asker, "numRestarts") == ["numRestarts"]
        assert names(asker, "numRestarts,no.such.metric") == []


def test_a_value_that_is_no_number_is_left_out():
    with TourClient(job(checkpoints=CheckpointSpec(every=1_000))) as asker:
        asker.advance("1min")
        assert names(asker, "lastCheckpointExternalPath,numRestarts") == ["numRestarts"]
