"""The unmodified `flink-rest-client` from PyPI works with a fake cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flink_rest_client import FlinkRestClient
from flink_rest_client.common import RestException

from flinkmock import FlinkMock

JAR = Path(__file__).parent.parent / "fidelity" / "jars" / "2.3.0" / "wordcount.jar"
RELEASES = ("1.12", "1.20", "2.3")

# the client does not close the jar that it uploads
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def connect(cluster: FlinkMock) -> Any:
    address = urlsplit(cluster.url)
    return FlinkRestClient.get(host=address.hostname, port=address.port)


def poll(condition: Callable[[], Any], max_polls: int = 100) -> Any:
    """Return the first true result of the condition. Each request advances the clock of the cluster by one second."""
    for _ in range(max_polls):
        if result := condition():
            return result
    raise AssertionError(f"not in {max_polls} polls")


@pytest.mark.parametrize("flink", RELEASES)
def test_a_job_can_be_run_monitored_and_cancelled(flink: str) -> None:
    with FlinkMock(flink=flink) as cluster:
        client = connect(cluster)
        assert client.overview()["flink-version"].startswith(f"{flink}.")

        job_id = client.jars.upload_and_run(str(JAR), parallelism=2)
        [jar] = client.jars.all()["files"]
        assert jar["name"] == "wordcount.jar"
        assert client.jars.get_plan(jar["id"])["nodes"]
        assert client.jobs.job_ids() == [job_id]
        poll(lambda: client.jobs.get(job_id)["state"] == "RUNNING")

        poll(lambda: client.jobs.get_checkpoint_ids(job_id))
        trigger = client.jobs.create_savepoint(job_id, "file:///savepoints")
        poll(lambda: trigger.status["status"]["id"] == "COMPLETED")
        assert trigger.status["operation"]["location"].startswith("file:/savepoints/savepoint-")

        vertex_id = client.jobs.get_vertex_ids(job_id)[0]
        vertex = client.jobs.get_vertex(job_id, vertex_id)
        names = poll(vertex.metric_names)[:20]  # with all names, the URL would be too long for Flink
        values = vertex.metrics(names)
        assert set(values) == set(names)
        assert all(isinstance(value, str) for value in values.values())
        sums = vertex.subtasks.metrics(["numRecordsOut"], agg_modes=["sum"])
        assert set(sums["numRecordsOut"]) == {"sum"}
        assert client.jobs.metrics(["numRestarts"])["numRestarts"]["max"] == 0
        assert client.taskmanagers.metric_names()
        assert client.jobmanager.metrics()

        assert client.jobs.terminate(job_id)
        poll(lambda: client.jobs.get(job_id)["state"] == "CANCELED")
        assert client.overview()["jobs-cancelled"] == 1

        assert client.jars.delete(jar["id"])
        with pytest.raises(RestException, match=f"File {jar['id']} does not exist"):
            client.jars.delete(jar["id"])


def test_a_job_is_stopped_with_a_savepoint_and_restored_from_it() -> None:
    with FlinkMock() as cluster:
        client = connect(cluster)
        job_id = client.jars.upload_and_run(str(JAR))
        poll(lambda: client.jobs.get(job_id)["state"] == "RUNNING")
        trigger = client.jobs.stop(job_id, "file:///savepoints")
        location = poll(lambda: (trigger.status["operation"] or {}).get("location"))
        poll(lambda: client.jobs.get(job_id)["state"] == "FINISHED")

        jar_id = client.jars.all()["files"][0]["id"]
        restored_id = client.jars.run(jar_id, savepoint_path=location)
        poll(lambda: client.jobs.get(restored_id)["state"] == "RUNNING")
        assert client.jobs.get_checkpoints(restored_id)["latest"]["restored"]["external_path"] == location


def test_an_error_response_raises_an_exception_in_the_client() -> None:
    with FlinkMock() as cluster:
        client = connect(cluster)
        with pytest.raises(RestException, match=r"\(404\)"):
            client.jobs.get("f" * 32)
        with pytest.raises(RestException, match=r"\(503\).*FLINK-12312"):
            client.jobs.rescale("f" * 32, 4)
