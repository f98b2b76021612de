"""Each distinct recorded request is sent to a server whose handlers are stubs.

Requests that Flink rejects before it calls a handler get the same error messages, with their causes. Requests that
failed in a handler of the real Flink reach a stub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.fidelity.error_responses import first_line, normalize
from tests.fidelity.recordings import RECORDINGS, load, suite_paths
from tests.server.conftest import Client, RawResponse

RELEASE_BY_VERSION = {
    version: version.rpartition(".")[0]
    for version in ("2.3.0", "2.1.3", "2.0.2", "1.20.5", "1.19.3", "1.18.1", "1.17.2", "1.12.5")
}
QUICK_VERSIONS = ("2.3.0", "1.12.5")
"""The requests of the other versions, which differ less, are sent only in runs with slow tests."""
VALUES_OF_PLACEHOLDERS = {
    "unknown": "0123456789abcdef0123456789abcdef",
    "tm": "localhost:45637-3a9bab",
    "cp": "1",
    "scratch": "/scratch",
}
OTHER_ID = "3951ca87e73b3edfbba4a783ff8d647a"
"""The value of all other placeholders, except those of jars."""
ERRORS_BEFORE_A_HANDLER = re.compile(
    r"<Exception on server side:\njava.lang.NullPointerException\n\tat org.apache.flink.util.Preconditions"
    r"|Not found|Unable to load|Internal server error: |Received unknown attribute|File upload|POST request not allowed"
    r"|\S+RestHandlerException: (Bad request|Request did not match|Expected only one value|File uploads not allowed)"
)
STEPS_WITHOUT_RECORDED_BODIES = {
    "jobs: garbage job graph, 2.x field names",
    "requirements as they are",
    "requirements smaller",
    "requirements lower > upper",
    "requirements zero",
}
"""Steps for which the recording has only the size of the request body."""
BOUNDARY = "boundary-of-the-test"
JAR = b"PK\x03\x04\x14\x00\x08\x08\x08\x00\xd3\x09v]\x00\x00"
"""The beginning of a jar. The second byte of its timestamp, which an error message contains, is as recorded."""
SENT_JAR = RECORDINGS.parent / "fidelity" / "jars" / "1.20.5" / "wordcount.jar"
"""A jar of the recordings. The jar of 2.3.0 has the same length and beginning."""
REQUEST_PARTS = {
    10: b'{"nope":1}',
    75: b'{"jobGraphFileName":"a.bin","jobJarFileNames":[],"jobArtifactFileNames":[]}',
    78: b'{"jobGraphFileName":"nope.bin","jobJarFileNames":[],"jobArtifactFileNames":[]}',
}
"""Size in bytes -> the part named "request" of this size. The recording contains only the size."""


def distinct_steps(version: str) -> dict[str, dict[str, Any]]:
    """Return name -> the first recorded step of each distinct request."""
    by_name: dict[str, dict[str, Any]] = {}
    requests = set()
    for suite, file in suite_paths(RECORDINGS / version).items():
        for step in load(file):
            if "skipped" in step or step["response"]["status"] == 0 or "timeline" in step:
                continue
            request = json.dumps({**step["request"], "note": step.get("note")}, sort_keys=True)
            if request not in requests:
                requests.add(request)
                by_name[f"{suite}/{step['step']}"] = step
    return by_name


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(version, marks=() if version in QUICK_VERSIONS else pytest.mark.slow)
        for version in RELEASE_BY_VERSION
    ],
)
def test_requests_are_answered_as_recorded(serve: Callable[..., Client], version: str) -> None:
    client = serve(flink=RELEASE_BY_VERSION[version])
    steps = {
        name: step
        for name, step in distinct_steps(version).items()
        if step["step"] not in STEPS_WITHOUT_RECORDED_BODIES
    }
    assert len(steps) > 500
    differences_by_step = {name: differences(client, step) for name, step in steps.items()}
    assert {name: pairs for name, pairs in differences_by_step.items() if pairs} == {}


def differences(client: Client, step: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Send the request of a step; return pairs of received and recorded values that differ."""
    earlier_call_count = len(client.engine.calls)
    response = send_step(client, step)
    call_count = len(client.engine.calls) - earlier_call_count
    recorded_response, headers = step["response"], step["response"]["headers"]
    body = recorded_response.get("body")
    errors = body.get("errors") if isinstance(body, dict) else None
    if errors and not ERRORS_BEFORE_A_HANDLER.match(errors[-1]):
        return [] if call_count == 1 else [(response.body, "a request that reaches a handler")]
    pairs = [
        (response.status, recorded_response["status"]),
        (response.header("access-control-allow-origin") == "*", "access-control-allow-origin" in headers),
        (response.header("content-type"), headers.get("content-type")),
        (response.header("connection"), headers.get("connection")),
        (response.header("server"), None),
        (response.header("date") is None, "date" not in headers),
    ]
    if errors:
        pairs += [(call_count, 0), (list(map(first_line, response.errors)), list(map(first_line, errors)))]
        pairs += [(causes(response.errors[-1])[: len(causes(errors[-1]))], causes(errors[-1]))]
    return [(received, recorded) for received, recorded in pairs if received != recorded]


def send_step(client: Client, step: dict[str, Any]) -> RawResponse:
    """Send the request of a step; its note describes what is unusual in it."""
    request, note = step["request"], step.get("note", "")
    target = with_values(request["path"] + (f"?{request['query']}" if request.get("query") else ""))
    headers = dict(request.get("headers") or {})
    if note.startswith("HTTP/1.0"):
        return client.send_bytes(f"GET {target} HTTP/1.0\r\n\r\n".encode())
    if note.startswith("HTTP/1.1, no Host"):
        return client.send_bytes(f"GET {target} HTTP/1.1\r\n\r\n".encode())
    if note.startswith("absolute-form"):
        return client.send_bytes(f"GET http://localhost:18081{target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    if note == "not HTTP":
        return client.send_bytes(b"hello\r\n\r\n")
    if note.startswith("Expect"):
        return client.send(request["method"], target, b"", {"Expect": "100-continue"})
    if note.startswith("Transfer-Encoding"):
        body = request["body"].encode()
        chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        return client.send(request["method"], target, chunk, {"Transfer-Encoding": "chunked"})
    if "multipart" in request:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        return client.send(request["method"], target, multipart(request["multipart"]), headers)
    return client.send(request["method"], target, body_of(request.get("body")), headers)


def body_of(recorded: Any) -> bytes | None:
    """Return a recorded request body; if only its size was recorded, a body that gets the same response."""
    if recorded is None:
        return None
    if isinstance(recorded, str) and (match := re.fullmatch(r"<(\d+) bytes>", recorded)):
        size = int(match[1])
        if size == SENT_JAR.stat().st_size:
            return SENT_JAR.read_bytes()
        if size < 100_000:
            return JAR
        filler_size = size - len(b'{"target-directory": "", "nope": 1}')
        return b'{"target-directory": "' + b"x" * filler_size + b'", "nope": 1}'
    if isinstance(recorded, str):
        return with_values(recorded).encode("latin-1")
    return with_values(json.dumps(recorded)).encode()


def multipart(parts: list[dict[str, Any]]) -> bytes:
    """Return a multipart body whose parts have the recorded sizes."""
    body = b""
    for part in parts:
        filename = f'; filename="{part["filename"]}"' if "filename" in part else ""
        content = REQUEST_PARTS[part["bytes"]] if part["name"] == "request" else b"x" * part["bytes"]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part["name"]}"{filename}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def with_values(text: str) -> str:
    """Return the text with values in place of the recording's placeholders, such as `{job}`."""

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        return VALUES_OF_PLACEHOLDERS.get(name) or (
            f"53f0b0c2-6ff1-4dfd-8f05-9555fa00fcfb_{name[4:]}.jar" if "jar_" in name else OTHER_ID
        )

    return re.sub(r"\{(\w+)\}", value_of, text)


def causes(trace: str) -> list[str]:
    """Return the `Caused by` lines, without the ends of lines that the recorder cut or that a hash map orders."""
    lines = [normalize(line) for line in trace.split("\n") if line.startswith("Caused by:")]
    return [re.split(r" \[cut|not marked as ignorable", line)[0] for line in lines]
