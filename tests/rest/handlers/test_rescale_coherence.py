"""While a job is rescaled, responses agree with each other."""

from __future__ import annotations

import dataclasses

import pytest

from flinkmock.cluster.spec import VertexSpec
from flinkmock.rest.in_process import InProcessClient
from tests.cluster.cluster_factory import job
from tests.coherence import incoherences
from tests.rest.handlers.http_helpers import JOB_ID
from tests.rest.handlers.test_rescaling import adaptive, bounds

WIDE = (VertexSpec(("Source: wide",), 3),)


@pytest.mark.parametrize("upper", [1, 4])
def test_every_50_ms_of_a_rescale(upper):
    with adaptive() as asker:
        asker.ask("updateJobResourceRequirements", body=bounds(1, upper), jobid=JOB_ID)
        asker.advance("28s")
        client = InProcessClient(asker.engine)
        states = set()
        for _ in range(80):
            asker.advance("50ms")
            assert incoherences(client) == []
            states.add(asker.cluster.job(JOB_ID).state)
        assert states == {"RUNNING", "RESTARTING"}
        assert {vertex.parallelism for vertex in asker.cluster.job(JOB_ID).graph.vertices} == {upper}


def test_slots_that_a_rescale_frees_go_to_a_job_that_waits():
    with adaptive() as asker:
        asker.ask("updateJobResourceRequirements", body=bounds(1, 1), jobid=JOB_ID)
        asker.advance("28s")
        waiting = asker.cluster.submit(dataclasses.replace(job(name="waits"), vertices=WIDE), asker.engine.clock.now())
        asker.advance("100ms")
        assert asker.cluster.jobs_awaiting_slots == [waiting.id]
        asker.advance("2s")
        assert asker.cluster.jobs_awaiting_slots == []
        assert asker.ask("getClusterOverview")["slots-available"] == 0
        assert asker.cluster.job(JOB_ID).state == waiting.state == "RUNNING"
