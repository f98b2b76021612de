"""Edited scenarios, jars, Java streams, journals and recordings are read, or rejected with a documented error."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import zipfile
from pathlib import Path

from flinkmock import FlinkMockError, ScenarioError
from flinkmock.cluster.submission.jars import read_jar
from flinkmock.cluster.submission.plan_decoder import SubmittedPlan, decode_plan
from flinkmock.conformance.compat import compat, read_requests
from flinkmock.conformance.recording import read_raw, recorded_scenario
from flinkmock.flink.java_serialization.reader import BadStream, read_object
from flinkmock.scenario import load_scenario
from tests.fuzz.byte_edits import fuzzed

ROOT = Path(__file__).parents[2]
SUBMISSIONS = ROOT / "tests" / "rest" / "handlers" / "submissions"
SCENARIOS = [file.read_bytes() for file in sorted((ROOT / "scenarios").glob("*.yaml"))]
JOURNAL = b"""{"method": "GET", "target": "/jobs/overview?a=1", "status": 200, "body": null}
{"method": "POST", "target": "/jobs/0123456789abcdef0123456789abcdef/savepoints", "body": {"cancel-job": true}}
{"method": "POST", "target": "/v1/jars/a.jar/run?parallelism=2", "status": 200, "body": {"programArgs": "a"}}
"""
HAR = b'{"log": {"entries": [{"request": {"method": "POST", "url": "http://a/jobs", "postData": {"text": "1"}}}]}}'


def _raw_exchange(target: str, body: object) -> str:
    """Return a line of the file that `flinkmock record --raw` writes."""
    return json.dumps({"method": "GET", "target": target, "status": 200, "body": None, "response": json.dumps(body)})


JOB = {
    "jid": "a1",
    "name": "orders",
    "start-time": 1,
    "end-time": -1,
    "duration": 1,
    "state": "RUNNING",
    "last-modification": 1,
    "tasks": {},
}
RECORDING = "\n".join(
    [_raw_exchange("/config", {"flink-version": "2.3.0"}), _raw_exchange("/jobs/overview", {"jobs": [JOB]})]
).encode()


@fuzzed("scenario", SCENARIOS, 10)
def test_edited_scenarios_are_read_or_rejected(data: bytes) -> None:
    with contextlib.suppress(ScenarioError):
        load_scenario(data.decode("utf-8", "replace") + "\n")


def _jar(compression: int, *names: str) -> bytes:
    """Return a jar with files of these names, each with the same manifest."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in names:
            archive.writestr(name, "Manifest-Version: 1.0\r\nMain-Class: a.B\r\nprogram-class: c,\r\n d\r\n\r\n" * 3)
    return file.getvalue()


JARS = [
    _jar(zipfile.ZIP_STORED, "META-INF/MANIFEST.MF", "a/B.class"),
    _jar(zipfile.ZIP_DEFLATED, "a/B.class", "META-INF/MANIFEST.MF"),
    _jar(zipfile.ZIP_LZMA, "META-INF/MANIFEST.MF"),
    _jar(zipfile.ZIP_BZIP2, "META-INF/MANIFEST.MF"),
]


@fuzzed("jar", JARS, 30)
def test_edited_jars_are_read_or_rejected(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "a.jar")
        file.write_bytes(data)
        entries, classes = read_jar(file)
    assert all(isinstance(name, str) for name in (*entries, *(classes or ())))


@fuzzed("java", [file.read_bytes() for file in sorted(SUBMISSIONS.iterdir())], 30)
def test_edited_java_streams_are_read_or_rejected(data: bytes) -> None:
    with contextlib.suppress(BadStream):
        assert isinstance(decode_plan(read_object(data)), SubmittedPlan)


@fuzzed("journal", [JOURNAL, HAR], 20)
def test_edited_journals_are_read_or_rejected(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "journal.har" if data.startswith(b'{"log') else "journal.jsonl")
        file.write_bytes(data)
        with contextlib.suppress(FlinkMockError):
            compat(read_requests(file), "1.20", "2.3")


@fuzzed("recording", [RECORDING], 20)
def test_edited_recordings_are_read_or_rejected(data: bytes) -> None:
    with contextlib.suppress(FlinkMockError):
        observations = read_raw(data.decode("utf-8", "replace").splitlines(), "raw.jsonl")
        # `flinkmock record` reports these errors: a response does not have Flink's form
        with contextlib.suppress(LookupError, TypeError, AttributeError):
            recorded_scenario(observations)
