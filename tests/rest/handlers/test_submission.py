"""`POST /jobs`, with requests that Flink's command line sent (submissions/), and with invalid ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from flinkmock.cluster.cluster_spec import SubmissionRule
from flinkmock.cluster.errors import InvalidJobSubmission, UncaughtJavaException
from flinkmock.rest.handlers import UploadedFile
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import HandlerClient

SUBMISSIONS = Path(__file__).parent / "submissions"
"""Multipart bodies with the request, the plan and a jar."""


class RecordedSubmission(NamedTuple):
    """A body in submissions/, the field of the request that names the plan, and the id and the name of the job."""

    filename: str
    plan_field: str
    job_id: str
    job_name: str


RECORDED = {
    "1.12": RecordedSubmission(
        "1.12-jobgraph.bin", "jobGraphFileName", "acdcaee5b224a7b3fb6becded7cc06f5", "probe-one"
    ),
    "2.3": RecordedSubmission(
        "2.3-executionplan.bin", "executionPlanFileName", "a019c0ba18070324639214be1b718733", "probe-two"
    ),
}
"""The recorded submissions by release."""


def recorded_files(filename: str) -> dict[str, bytes]:
    """Return the contents of the files in a recorded body by file name."""
    body = (SUBMISSIONS / filename).read_bytes()
    boundary = b"\r\n" + body.partition(b"\r\n")[0]
    contents = {}
    for part in (b"\r\n" + body).split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if name := re.search(rb'filename="([^"]+)"', head):
            contents[name[1].decode()] = content
    return contents


def uploaded_files(folder: Path, files: dict[str, bytes]) -> list[UploadedFile]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [UploadedFile(name, folder / name) for name in files]


@pytest.mark.parametrize("release", RECORDED)
def test_a_real_submission_becomes_a_job(tmp_path, release):
    recorded = RECORDED[release]
    files = uploaded_files(tmp_path, recorded_files(recorded.filename))
    jars = [file.name for file in files if file.name.endswith(".jar")]
    body = {recorded.plan_field: files[0].name, "jobJarFileNames": jars, "jobArtifactFileNames": []}
    rules = (
        SubmissionRule("probe-*", job(name="probe", every=500), frozenset({"checkpoints.every"})),
        SubmissionRule("*", job(name="any")),
    )
    with HandlerClient(flink=release, submissions=rules) as client:
        assert client.call("submitJob", body=body, files=files) == {"jobUrl": f"/jobs/{recorded.job_id}"}
        started = client.cluster.job(recorded.job_id)
        assert started.name == recorded.job_name
        assert started.spec.checkpoints.every == 500
        with pytest.raises(UncaughtJavaException) as raised:
            client.call("submitJob", body=body, files=files)
        assert "already been submitted" in raised.value.exception.message


@pytest.mark.parametrize("release", RECORDED)
def test_a_rule_without_keys_keeps_the_submitted_graph(tmp_path, release):
    recorded = RECORDED[release]
    files = uploaded_files(tmp_path, recorded_files(recorded.filename))
    with HandlerClient(flink=release, submissions=(SubmissionRule("*", job(name="any")),)) as client:
        client.call("submitJob", body={recorded.plan_field: files[0].name}, files=files)
        spec = client.cluster.job(recorded.job_id).spec
    assert [(vertex.name, vertex.parallelism) for vertex in spec.vertices] == [
        ("Source: numbers -> slow", 1),
        ("sum -> drop -> Sink: out", 1),
    ]
    assert [(edge.source, edge.ship_strategy, edge.exchange) for edge in spec.vertices[1].inputs] == [
        (0, "HASH", "pipelined_bounded")
    ]
    assert spec.checkpoints.every is None
    assert spec.vertices[0].id == "ca88eee0095684d687a1b6495617f957"


@pytest.mark.parametrize(("release", "plan_class"), [("1.20", "JobGraph"), ("2.0", "ExecutionPlan")])
def test_invalid_submissions_are_rejected(tmp_path, release, plan_class):
    field = "executionPlanFileName" if release == "2.0" else "jobGraphFileName"
    (garbage, truncated) = uploaded_files(tmp_path, {"plan.bin": b"garbage", "short.bin": b"\xac\xed\0\5sr\0"})
    artifact = {"fileName": "nope.zip", "entryName": "x"}
    with HandlerClient(flink=release) as client:

        def rejection(files, **body):
            """Return the message, whether a file is missing, and the cause."""
            with pytest.raises(InvalidJobSubmission) as raised:
                client.call("submitJob", body=body, files=files)
            return raised.value.message, raised.value.missing_file, str(raised.value.cause or "")

        assert rejection([]) == ("The jobGraphFileName field must not be omitted or be null.", False, "")
        missing = rejection([garbage], **{field: "nope.bin"})
        assert missing == (f"{plan_class} file nope.bin could not be found on the server.", True, "")
        missing = rejection([garbage], **{field: "plan.bin"}, jobJarFileNames=["nope.jar"])
        assert missing == ("Jar file nope.jar could not be found on the server.", True, "")
        missing = rejection([garbage], **{field: "plan.bin"}, jobArtifactFileNames=[artifact])
        assert missing == ("Artifact file nope.zip could not be found on the server.", True, "")
        undecodable = f"Failed to deserialize {plan_class}."
        corrupted = "java.io.StreamCorruptedException: invalid stream header: 67617262"
        assert rejection([garbage], **{field: "plan.bin"}) == (undecodable, False, corrupted)
        assert rejection([truncated], **{field: "short.bin"}) == (undecodable, False, "java.io.EOFException")
        assert not client.cluster.jobs


def test_the_job_id_comes_from_the_file_name_if_the_graph_has_none(tmp_path):
    """Clients with hand-written graphs send such requests. Without an id in the file name, one is generated."""
    object_of_class_a = b"\xac\xed\0\5sr\0\1A" + bytes(8) + b"\2\0\0xp"
    job_id = "00000000000000000000000000000042"
    names = (f"flink-jobgraph-{job_id}123.bin", "flink-jobgraph.bin")
    files = uploaded_files(tmp_path, dict.fromkeys(names, object_of_class_a))
    with HandlerClient(flink="1.20") as client:
        responses = [client.call("submitJob", body={"jobGraphFileName": name}, files=files) for name in names]
        assert responses[0] == {"jobUrl": f"/jobs/{job_id}"}
        assert re.fullmatch("/jobs/[0-9a-f]{32}", responses[1]["jobUrl"])
        assert {started.name for started in client.cluster.jobs.values()} == {"submitted"}
