"""`collect()`: the rows of results that a client gets from the coordinator of a sink, and from an accumulator.

Flink's clients have written the plans (tests/cluster/submission/plans): `executeAndCollect` of rows (n: text, v: int).
"""

from __future__ import annotations

import base64
import dataclasses
import struct
from collections.abc import Collection
from typing import Any

import pytest

from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.errors import CoordinatorNotFound, JobNotFound, UncaughtJavaException
from flinkmock.flink.java_serialization.reader import read_object
from flinkmock.flink.row_values import RowKind, RowValue
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import HandlerClient
from tests.rest.handlers.test_submitted_plans import submit

PLANS = {"2.3": "collect-row-streamgraph", "1.20": "collect-row-jobgraph-1.20"}
REQUEST = base64.b64decode(
    "rO0ABXNyAEtvcmcuYXBhY2hlLmZsaW5rLnN0cmVhbWluZy5hcGkub3BlcmF0b3JzLmNvbGxlY3QuQ29sbGVjdENvb3JkaW5hdGlvblJlcXVlc3QA"
    "AAAAAAAAAQIAAkoABm9mZnNldEwAB3ZlcnNpb250ABJMamF2YS9sYW5nL1N0cmluZzt4cAAAAAAAAAAAdAAA"
)
"""The first request of a client of 2.3.0: no version, offset 0."""
ROWS = (["x", 1], {"v": 2}, RowValue(RowKind.DELETE, ["z", 3]))
ROW_BYTES = [bytes.fromhex(row) for row in ("00027800000001", "2000000002", "c0027a00000003")]


def collecting_client(
    release: str,
    rows: tuple[Any, ...] = ROWS,
    *,
    checkpoint_interval_ms: int | None = None,
    explicit_keys: Collection[str] = (),
) -> HandlerClient:
    """Return a client of a cluster whose submission rule has these results, and overrides `explicit_keys` of plans."""
    spec = dataclasses.replace(job(name="any", every=checkpoint_interval_ms), results=rows)
    return HandlerClient(flink=release, submissions=(SubmissionRule("*", spec, frozenset(explicit_keys)),))


def request_results(client: HandlerClient, jobid: str, version: str = "", offset: int = 0) -> dict[str, Any]:
    """Send a CollectCoordinationRequest and return the fields of the response."""
    text = version.encode()
    # REQUEST ends with the offset (8 bytes), the tag of a string and its length (2 bytes)
    data = REQUEST[:-11] + struct.pack(">q", offset) + b"t" + struct.pack(">H", len(text)) + text
    (sink,) = (sink for vertex in client.cluster.job(jobid).graph.vertices for sink in vertex.spec.collect_sinks)
    body = {"serializedCoordinationRequest": base64.b64encode(data).decode()}
    path_has_uid = client.cluster.release.since("2.3")
    path = {"operatorUid": "dataStreamCollect_6"} if path_has_uid else {"operatorid": sink.operator_id}
    response = client.call("postClientCoordination", jobid=jobid, body=body, **path)
    return dict(read_object(base64.b64decode(response["serializedCoordinationResult"])).fields)


def rows_of(response: dict[str, Any]) -> list[bytes]:
    """Return the rows in a response. The first bytes in a serialized ArrayList are its capacity."""
    return [row for row in response["serializedResults"].annotations if isinstance(row, bytes)][1:]


@pytest.mark.parametrize("release", PLANS)
def test_rows_come_from_the_coordinator_and_then_from_the_accumulator(tmp_path, release):
    with collecting_client(release) as client:
        jobid = submit(client, tmp_path, PLANS[release], release)
        waiting = request_results(client, jobid)
        assert (waiting["version"], waiting["lastCheckpointedOffset"], rows_of(waiting)) == ("", -1, [])
        client.advance(500)
        first = request_results(client, jobid)
        assert (rows_of(first), first["lastCheckpointedOffset"]) == ([], 0)
        assert rows_of(request_results(client, jobid, first["version"])) == ROW_BYTES
        assert rows_of(request_results(client, jobid, first["version"], 2)) == ROW_BYTES[2:]
        assert rows_of(request_results(client, jobid, first["version"], 3)) == []
        client.advance(5_000)
        assert client.cluster.job(jobid).state == "FINISHED"
        with pytest.raises(JobNotFound):
            request_results(client, jobid, first["version"])
        results = client.call("getJobExecutionResult", jobid=jobid)["job-execution-result"]["accumulator-results"]
        ((name, value),) = results.items()
        assert name.startswith("dataStreamCollect_")
        (_, listed) = read_object(base64.b64decode(value)).annotations[0].annotations
        version = first["version"].encode()
        # the offset, the version, the checkpointed offset, the number of rows, and the rows
        payload = bytes(8) + bytes([len(version) + 1]) + version + bytes(8) + struct.pack(">i", 3)
        payload += b"".join(struct.pack(">i", len(row)) + row for row in ROW_BYTES)
        assert listed == struct.pack(">i", len(payload)) + payload
        (accumulator,) = client.call("getJobAccumulators", jobid=jobid)["user-task-accumulators"]
        assert (accumulator["type"], accumulator["value"][:4]) == ("SerializedListAccumulator", "[[B@")


@pytest.mark.parametrize("release", PLANS)
def test_a_job_whose_rule_has_no_results_finishes_without_rows(tmp_path, release):
    with collecting_client(release, ()) as client:
        jobid = submit(client, tmp_path, PLANS[release], release)
        client.advance(500)
        version = request_results(client, jobid)["version"]
        assert rows_of(request_results(client, jobid, version)) == []
        client.advance(5_000)
        assert client.cluster.job(jobid).state == "FINISHED"
        results = client.call("getJobExecutionResult", jobid=jobid)["job-execution-result"]["accumulator-results"]
        assert len(results) == 1


def test_the_lifecycle_of_the_rule_applies_and_checkpoints_confirm_rows(tmp_path):
    keys = ("lifecycle", "checkpoints.every")
    with collecting_client("2.3", checkpoint_interval_ms=2_000, explicit_keys=keys) as client:
        jobid = submit(client, tmp_path, PLANS["2.3"])
        client.advance(20_500)
        assert client.cluster.job(jobid).state == "RUNNING"
        assert request_results(client, jobid)["lastCheckpointedOffset"] == 3


def test_rows_may_be_objects_of_a_class(tmp_path):
    """Clients of 2.3.0 and 1.20.5 read Order(x, 1, null, PAID, [1, 2]) from these bytes: flags and fields."""
    order = {"id": "x", "amount": 1, "state": "PAID", "numbers": [1, 2]}
    unknown_constant = pytest.raises(UncaughtJavaException, match="row 2 of results: 'LOST' is not one of OPEN, PAID")
    with collecting_client("2.3", (order, {"state": "LOST"})) as client, unknown_constant:
        submit(client, tmp_path, "collect-pojo-streamgraph")
    with collecting_client("2.3", (order,)) as client:
        jobid = submit(client, tmp_path, "collect-pojo-streamgraph")
        (sink,) = client.cluster.job(jobid).graph.vertices[-1].spec.collect_sinks
        # amount, id, numbers, price, state
        fields = ("0000000001", "000278", "000000000200000000000000010000000000000002", "01", "0000000001")
        assert [row.hex() for row in sink.rows] == ["02" + "".join(fields)]


def test_a_row_of_another_type_is_rejected(tmp_path):
    with collecting_client("2.3", (["x", 1], ["y", "two"])) as client:
        with pytest.raises(UncaughtJavaException) as raised:
            submit(client, tmp_path, PLANS["2.3"])
        text = "The scenario gives results to the job 'collect row' that it can't collect: "
        assert raised.value.exception.message == text + "row 2 of results: 'two' is not a whole number."
        assert not client.cluster.jobs


def test_a_coordination_request_of_another_class_is_rejected(tmp_path):
    with collecting_client("2.3") as client:
        jobid = submit(client, tmp_path, PLANS["2.3"])
        client.advance(500)
        body = {"serializedCoordinationRequest": base64.b64encode(b"\xac\xed\0\5p").decode()}
        with pytest.raises(CoordinatorNotFound):
            client.call("postClientCoordination", jobid=jobid, operatorUid="dataStreamCollect_6", body=body)


def test_the_batch_size_of_the_sink_is_read_from_the_plan(tmp_path):
    with collecting_client("2.3") as client:
        jobid = submit(client, tmp_path, PLANS["2.3"])
        client.advance(500)
        (vertex,) = client.cluster.job(jobid).graph.vertices
        (sink,) = vertex.spec.collect_sinks
        assert sink.batch_bytes == 2 << 20
