"""While a job is rescaled, responses agree with each other. Afterwards, a waiting job gets the freed slots."""

from __future__ import annotations

import dataclasses

import pytest

from flinkmock.cluster.spec import VertexSpec
from flinkmock.rest.in_process import InProcessClient
from tests.cluster.cluster_factory import job
from tests.coherence import incoherences
from tests.rest.handlers.handler_client import JOB_ID
from tests.rest.handlers.test_rescaling import adaptive_client, bounds

WIDE = (VertexSpec(("Source: wide",), 3),)


@pytest.mark.parametrize("upper", [1, 4])
def test_responses_agree_every_50_ms_during_a_rescale(upper):
    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(1, upper), jobid=JOB_ID)
        client.advance("28s")  # the rescale begins 30 s after the deployment, when its cooldown ends
        in_process = InProcessClient(client.engine)
        states = set()
        for _ in range(80):
            client.advance("50ms")
            assert incoherences(in_process) == []
            states.add(client.cluster.job(JOB_ID).state)
        assert states == {"RUNNING", "RESTARTING"}
        assert {vertex.parallelism for vertex in client.cluster.job(JOB_ID).graph.vertices} == {upper}


def test_slots_that_a_rescale_frees_go_to_a_waiting_job():
    with adaptive_client() as client:
        client.call("updateJobResourceRequirements", body=bounds(1, 1), jobid=JOB_ID)
        client.advance("28s")  # until shortly before the rescale
        waiting = client.cluster.submit(
            dataclasses.replace(job(name="waits"), vertices=WIDE), client.engine.clock.now()
        )
        client.advance("100ms")
        assert client.cluster.jobs_awaiting_slots.ids == [waiting.id]
        client.advance("2s")
        assert client.cluster.jobs_awaiting_slots.ids == []
        assert client.call("getClusterOverview")["slots-available"] == 0
        assert client.cluster.job(JOB_ID).state == waiting.state == "RUNNING"
