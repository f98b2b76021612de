"""Every recorded request, played against the server with an engine that has no cluster.

Requests that the server refuses get the same error messages, with their causes. All requests that reached the cluster
of the real Flink reach the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.fidelity.error_responses import first_line, normalize
from tests.fidelity.recordings import RECORDINGS, load, suites
from tests.server.conftest import Client, Reply

RELEASES = {
    version: version.rpartition(".")[0]
    for version in ("2.3.0", "2.1.3", "2.0.2", "1.20.5", "1.19.3", "1.18.1", "1.17.2", "1.12.5")
}
USUAL = ("2.3.0", "1.12.5")
"""The others are played in full runs only: they differ less."""
ID = "3951ca87e73b3edfbba4a783ff8d647a"
PLACES = {
    "unknown": "0123456789abcdef0123456789abcdef",
    "tm": "localhost:45637-3a9bab",
    "cp": "1",
    "scratch": "/scratch",
}
SERVERS_OWN = re.compile(
    r"<Exception on server side:\njava.lang.NullPointerException\n\tat org.apache.flink.util.Preconditions"
    r"|Not found|Unable to load|Internal server error: |Received unknown attribute|File upload|POST request not allowed"
    r"|\S+RestHandlerException: (Bad request|Request did not match|Expected only one value|File uploads not allowed)"
)
NOT_IN_THE_RECORDING = {
    "jobs: garbage job graph, 2.x field names",
    "requirements as they are",
    "requirements smaller",
    "requirements lower > upper",
    "requirements zero",
}
"""Steps of whose bodies only the size is recorded."""
BOUNDARY = "boundary-of-the-test"
JAR = b"PK\x03\x04\x14\x00\x08\x08\x08\x00\xd3\x09v]\x00\x00"
"""How a jar begins, with a time of day in it whose second byte is the one of the recording."""
SENT_JAR = RECORDINGS.parent / "fidelity" / "jars" / "1.20.5" / "wordcount.jar"
"""A jar of the recordings. That of 2.3.0 has the same length and beginning."""
REQUESTS = {
    10: b'{"nope":1}',
    75: b'{"jobGraphFileName":"a.bin","jobJarFileNames":[],"jobArtifactFileNames":[]}',
    78: b'{"jobGraphFileName":"nope.bin","jobJarFileNames":[],"jobArtifactFileNames":[]}',
}
"""Size -> the part named "request", of which the recording contains only the size."""


def steps(version: str) -> dict[str, dict[str, Any]]:
    """Name -> the first recording of each distinct request."""
    by_name: dict[str, dict[str, Any]] = {}
    requests = set()
    for suite, file in suites(RECORDINGS / version).items():
        for step in load(file):
            if "skipped" in step or step["response"]["status"] == 0 or "timeline" in step:
                continue
            request = json.dumps({**step["request"], "note": step.get("note")}, sort_keys=True)
            if request not in requests:
                requests.add(request)
                by_name[f"{suite}/{step['step']}"] = step
    return by_name


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=() if version in USUAL else pytest.mark.slow) for version in RELEASES]
)
def test_as_recorded(serve: Callable[..., Client], version: str) -> None:
    client = serve(flink=RELEASES[version])
    played = {name: step for name, step in steps(version).items() if step["step"] not in NOT_IN_THE_RECORDING}
    assert len(played) > 500
    different = {name: differences(client, step) for name, step in played.items()}
    assert {name: pairs for name, pairs in different.items() if pairs} == {}


def differences(client: Client, step: dict[str, Any]) -> list[tuple[Any, Any]]:
    """Play a step. Return what differs from the recording, beside what was recorded."""
    calls_before = len(client.engine.calls)
    reply = play(client, step)
    calls = len(client.engine.calls) - calls_before
    real, headers = step["response"], step["response"]["headers"]
    texts = (real.get("body") or {}).get("errors") if isinstance(real.get("body"), dict) else None
    if texts and not SERVERS_OWN.match(texts[-1]):
        return [] if calls == 1 else [(reply.body, "a request that reaches the engine")]
    pairs = [
        (reply.status, real["status"]),
        (reply.header("access-control-allow-origin") == "*", "access-control-allow-origin" in headers),
        (reply.header("content-type"), headers.get("content-type")),
        (reply.header("connection"), headers.get("connection")),
        (reply.header("server"), None),
        (reply.header("date") is None, "date" not in headers),
    ]
    if texts:
        pairs += [(calls, 0), (list(map(first_line, reply.errors)), list(map(first_line, texts)))]
        pairs += [(causes(reply.errors[-1])[: len(causes(texts[-1]))], causes(texts[-1]))]
    return [(received, recorded) for received, recorded in pairs if received != recorded]


def play(client: Client, step: dict[str, Any]) -> Reply:
    request, note = step["request"], step.get("note", "")
    target = placed(request["path"] + (f"?{request['query']}" if request.get("query") else ""))
    headers = dict(request.get("headers") or {})
    if note.startswith("HTTP/1.0"):
        return client.raw(f"GET {target} HTTP/1.0\r\n\r\n".encode())
    if note.startswith("HTTP/1.1, no Host"):
        return client.raw(f"GET {target} HTTP/1.1\r\n\r\n".encode())
    if note.startswith("absolute-form"):
        return client.raw(f"GET http://localhost:18081{target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    if note == "not HTTP":
        return client.raw(b"hello\r\n\r\n")
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
    if recorded is None:
        return None
    if isinstance(recorded, str) and (size := re.fullmatch(r"<(\d+) bytes>", recorded)):
        filler = int(size[1]) - len(b'{"target-directory": "", "nope": 1}')
        if int(size[1]) == SENT_JAR.stat().st_size:
            return SENT_JAR.read_bytes()
        if int(size[1]) < 100_000:
            return JAR
        return b'{"target-directory": "' + b"x" * filler + b'", "nope": 1}'
    if isinstance(recorded, str):
        return placed(recorded).encode("latin-1")
    return placed(json.dumps(recorded)).encode()


def multipart(parts: list[dict[str, Any]]) -> bytes:
    body = b""
    for part in parts:
        filename = f'; filename="{part["filename"]}"' if "filename" in part else ""
        content = REQUESTS[part["bytes"]] if part["name"] == "request" else b"x" * part["bytes"]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part["name"]}"{filename}\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def placed(text: str) -> str:
    """With the ids that the driver of the recording put in."""

    def place(match: re.Match[str]) -> str:
        name = match[1]
        return PLACES.get(name) or (f"53f0b0c2-6ff1-4dfd-8f05-9555fa00fcfb_{name[4:]}.jar" if "jar_" in name else ID)

    return re.sub(r"\{(\w+)\}", place, text)


def causes(trace: str) -> list[str]:
    """The `Caused by` lines. The recorder cut long lines, and a hash map orders the names of known properties."""
    lines = [normalize(line) for line in trace.split("\n") if line.startswith("Caused by:")]
    return [re.split(r" \[cut|not marked as ignorable", line)[0] for line in lines]
