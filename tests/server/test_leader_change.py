"""Leader changes: two JobManagers respond as in a recorded leader change, and jobs are recovered or lost.

leader-change.json.gz has the requests and responses of two JobManagers with ZooKeeper, of 2.3.0 and of 1.12.5. The
process of JobManager 0, the leader, was killed.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from flinkmock import FlinkMock
from tests.timeouts import TEST_TIMEOUT_S

STEPS_BY_VERSION = json.loads(gzip.decompress((Path(__file__).parent / "leader-change.json.gz").read_bytes()))
RUNNING_JOB_ID, FINISHED_JOB_ID = "a" * 32, "b" * 32
SCENARIO = {
    "cluster": {"jobmanagers": 2, "caches": False},
    "jobs": {
        "orders": {"id": RUNNING_JOB_ID, "checkpoints": {"every": "5s"}},
        "import": {"id": FINISHED_JOB_ID, "lifecycle": [{"RUNNING": "1s"}, "FINISHED"]},
    },
}
VARYING_TEXTS = re.compile(r"@[0-9a-f]+|[0-9a-f-]{32,}|[0-9a-f]{32}| in /\S+|=[0-9a-f]{32}")
NO_LEADER = "Service temporarily unavailable due to an ongoing leader election. Please refresh."


@contextmanager
def two_jobmanagers(**options: Any) -> Iterator[FlinkMock]:
    with FlinkMock(SCENARIO, **{"clock": "virtual", **options}) as mock:
        yield mock


class RequestSender:
    """Sends the recorded requests to a cluster.

    Attributes:
        values: The placeholders of the recording, such as `{jar at 0}`, and their values in this cluster.
    """

    def __init__(self, mock: FlinkMock) -> None:
        self.mock = mock
        self.values = {"{job}": RUNNING_JOB_ID, "{ended}": FINISHED_JOB_ID, "{folder}": "/flink"}
        for number, url in enumerate(mock.urls):
            response = httpx.post(
                url + "/jars/upload", files={"jarfile": ("wordcount.jar", b"", "application/x-java-archive")}
            )
            self.values[f"{{jar at {number}}}"] = response.json()["filename"].rpartition("/")[2]

    def send(self, step: dict[str, Any]) -> httpx.Response:
        """Send the request of a step, and store the trigger id in the response, if any."""
        path, body = self._with_values(step["path"]), step.get("body")
        url = self.mock.urls[step["jobmanager"]] + path
        response = httpx.request(step["method"], url, json=body and json.loads(self._with_values(json.dumps(body))))
        if "request-id" in response.text:
            names_by_path = {"/savepoints": "savepoint", "/checkpoints": "checkpoint", "/datasets": "dataset"}
            name = next((name for path_part, name in names_by_path.items() if path_part in path), "disposal")
            self.values[f"{{{name} at {step['jobmanager']}}}"] = response.json()["request-id"]
        return response

    def _with_values(self, text: str) -> str:
        for placeholder, value in self.values.items():
            text = text.replace(placeholder, value)
        return text


def is_poll(step: dict[str, Any]) -> bool:
    """Return whether a step polls an async operation that was triggered on JobManager 0, the leader."""
    return step["method"] == "GET" and step["path"].endswith(" at 0}")


@pytest.mark.parametrize("version", sorted(STEPS_BY_VERSION))
def test_each_jobmanager_sends_the_recorded_responses(version: str) -> None:
    with two_jobmanagers(flink=version.rpartition(".")[0]) as mock:
        sender = RequestSender(mock)
        mock.advance("20s")
        phase = "before"
        for step in STEPS_BY_VERSION[version]:
            if step["when"] != phase:
                phase = step["when"]
                if phase == "no leader":
                    mock.jobmanagers.crash_leader("5s")
                else:
                    mock.advance("20s")
            elif is_poll(step) and phase == "before":
                mock.advance("2s")  # let the async operation complete first
            response = sender.send(step)
            name = f"{phase}: {step['method']} {step['path']} to JobManager {step['jobmanager']}"
            assert (name, response.status_code) == (name, step["status"])
            assert (name, "access-control-allow-origin" in response.headers) == (name, step["cors"])
            recorded = step.get("response") or {}
            if response.status_code >= 400:
                # the recording has only the first line, without the stack trace
                first_line = response.json()["errors"][0].split("\n")[0]
                assert VARYING_TEXTS.sub("…", first_line) == VARYING_TEXTS.sub("…", recorded["errors"][0])
            elif "status" in recorded:
                assert response.json()["status"] == recorded["status"]


def test_a_recovered_job_continues_its_checkpoint_ids_in_a_new_history() -> None:
    with two_jobmanagers() as mock:
        crashed_at = mock.advance("21s")
        checkpoints_before = httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}/checkpoints").json()
        mock.jobmanagers.crash_leader("5s")
        mock.advance("10s")
        details = httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}").json()
        assert (details["state"], details["start-time"]) == ("RUNNING", crashed_at + 5_000)
        assert details["timestamps"]["INITIALIZING"] == crashed_at + 5_000
        assert all(vertex["start-time"] > crashed_at for vertex in details["vertices"])
        checkpoints_after = httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}/checkpoints").json()
        assert (checkpoints_before["counts"]["restored"], checkpoints_after["counts"]["restored"]) == (0, 1)
        assert checkpoints_after["latest"]["restored"]["id"] == checkpoints_before["latest"]["completed"]["id"]
        assert {checkpoint["id"] for checkpoint in checkpoints_after["history"]} == {
            checkpoints_before["latest"]["completed"]["id"] + 1
        }
        metrics = httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}/metrics?get=numRestarts").json()
        assert metrics == [{"id": "numRestarts", "value": "0"}]


def test_a_crashed_jobmanager_does_not_respond_until_it_is_a_standby() -> None:
    with two_jobmanagers() as mock:
        mock.advance("5s")
        assert mock.jobmanagers.leader == 0
        mock.jobmanagers.crash_leader("5s")
        assert mock.jobmanagers.leader is None
        with pytest.raises(httpx.HTTPError):
            httpx.get(mock.urls[0] + "/overview")
        assert mock.requests[-1].status == 0
        assert httpx.get(mock.urls[1] + "/overview").json() == {"errors": [NO_LEADER]}
        mock.jobmanagers.crash_leader()  # no effect without a leader
        mock.advance("7s")
        assert mock.jobmanagers.leader == 1
        assert [httpx.get(url + "/jobs").json()["jobs"] for url in mock.urls] == [
            [{"id": RUNNING_JOB_ID, "status": "RUNNING"}]
        ] * 2


def test_repeated_requests_advance_the_clock_until_a_leader_is_elected() -> None:
    with two_jobmanagers(clock="1s per request") as mock:
        httpx.get(mock.url + "/overview")
        mock.jobmanagers.crash_leader("3s")
        statuses = [httpx.get(mock.urls[1] + "/overview").status_code for _ in range(4)]
        assert statuses == [503, 503, 200, 200]


def test_a_post_to_an_unknown_path_is_not_found_even_without_a_leader() -> None:
    with two_jobmanagers() as mock:
        mock.jobmanagers.crash_leader()
        response = httpx.post(mock.urls[1] + "/nowhere")
        assert response.status_code == 404  # RouterHandler responds; only a GET of an unknown path needs the leader


def test_jobs_are_lost_without_high_availability() -> None:
    with FlinkMock({"jobs": {"orders": {"id": RUNNING_JOB_ID}}}, clock="virtual") as mock:
        mock.jobmanagers.crash_leader("5s")
        with pytest.raises(httpx.HTTPError):
            httpx.get(mock.url + "/overview")
        mock.advance("5s")
        overview = httpx.get(mock.url + "/overview").json()
        assert (overview["taskmanagers"], overview["jobs-running"]) == (1, 0)
        assert overview["slots-available"] == overview["slots-total"]
        assert httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}").status_code == 404


def test_a_single_highly_available_jobmanager_recovers_its_jobs() -> None:
    config = {"high-availability.type": "kubernetes"}
    with FlinkMock(
        {"cluster": {"config": config}, "jobs": {"orders": {"id": RUNNING_JOB_ID}}}, clock="virtual"
    ) as mock:
        mock.jobmanagers.crash_leader("5s")
        mock.advance("6s")
        assert httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}").json()["state"] == "RUNNING"


def test_after_a_shutdown_no_address_responds() -> None:
    with two_jobmanagers() as mock:
        assert len(set(mock.urls)) == len(mock.jobmanagers) == 2
        assert httpx.delete(mock.urls[1] + "/cluster").status_code == 200
        for url in mock.urls:
            with pytest.raises(httpx.ConnectError):
                httpx.get(url + "/overview")


@pytest.mark.parametrize("start_again", ["restore", "reset", "load_scenario"])
def test_after_a_shutdown_all_addresses_respond_again(start_again: str) -> None:
    with two_jobmanagers() as mock, httpx.Client() as client:
        urls, snapshot = mock.urls, mock.snapshot()
        assert client.get(urls[0] + "/overview").status_code == 200  # the connection stays open
        assert httpx.delete(urls[1] + "/cluster").status_code == 200
        if start_again == "restore":
            mock.restore(snapshot)
        elif start_again == "reset":
            mock.reset()
        else:
            mock.load_scenario(SCENARIO)
        assert mock.urls == urls
        assert [httpx.get(url + "/overview").status_code for url in urls] == [200, 200]


def test_more_jobmanagers_listen_after_a_shutdown() -> None:
    with FlinkMock(clock="virtual") as mock:
        url = mock.url
        assert httpx.delete(url + "/cluster").status_code == 200
        mock.load_scenario(SCENARIO)
        assert (mock.url, len(mock.urls)) == (url, 2)
        assert [httpx.get(url + "/overview").status_code for url in mock.urls] == [200, 200]


def test_a_request_to_the_replaced_cluster_does_not_shut_down_the_new_one() -> None:
    with (
        FlinkMock(clock="virtual") as mock,
        socket.create_connection((mock.host, mock.port), TEST_TIMEOUT_S) as connection,
    ):
        connection.sendall(b"DELETE /cluster HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        mock.settle()  # the head of the request is read
        mock.load_scenario(None)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        assert httpx.get(mock.url + "/config").status_code == 200


def test_a_snapshot_contains_the_leader() -> None:
    with two_jobmanagers() as mock:
        mock.advance("3s")
        snapshot = mock.snapshot()
        mock.jobmanagers.crash_leader("1s")
        mock.advance("3s")
        assert mock.jobmanagers.leader == 1
        mock.restore(snapshot)
        assert mock.jobmanagers.leader == 0
        mock.jobmanagers.crash_leader("1s")
        mock.advance("3s")
        assert mock.jobmanagers.leader == 1
        assert httpx.get(f"{mock.url}/jobs/{RUNNING_JOB_ID}").json()["state"] == "RUNNING"
