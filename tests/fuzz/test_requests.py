"""Nearly valid requests: each gets a response, and none is an internal error of flinkmock."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from flinkmock import FlinkMock
from flinkmock.contract import Contract
from flinkmock.rest.api import RestApi
from flinkmock.rest.error_responses import RequestRejected
from flinkmock.rest.multipart import MultipartBody
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response
from tests.fuzz.mutations import fuzzed, mutated
from tests.hypothesis_profile import examples

JOB = "0123456789abcdef0123456789abcdef"
VALUES = (JOB, "0", "1", "2147483647", "-1", "a.jar", "x", "", "..", "é", "0-9,3", "true", "NaN", "9" * 30)
FORM = "multipart/form-data; boundary=b"
FORMS = [
    b'--b\r\nContent-Disposition: form-data; name="jarfile"; filename="a.jar"\r\nX: y\r\n\r\nabc\r\n--b--\r\n',
    b"--b\r\nContent-Disposition: form-data; name=f; filename*=utf-8''a.jar\r\nContent-Length: 3\r\n\r\nabc\r\n--b--",
    b"--b\nContent-Disposition: form-data; name=request\n\n{}\n--b\nContent-Disposition: form-data; name=g\n\n--b--",
]
BODIES = [
    b'{"entryClass": "a.B", "parallelism": 2, "programArgsList": ["a"], "flinkConfiguration": {"a": "b"}}',
    b'{"target-directory": "/a", "cancel-job": true, "formatType": "NATIVE", "triggerId": null}',
    b'{"drain": true, "targetDirectory": "s3://a"}',
    b'{"0123456789abcdef0123456789abcdef": {"parallelism": {"lowerBound": 1, "upperBound": 2}}}',
    b'{"jobGraphFileName": "a", "jobJarFileNames": [], "jobArtifactFileNames": [{"entryName": "a", "fileName": "b"}]}',
    b"\xff\xfe{\0}\0",
]


@pytest.fixture(scope="module", params=["1.12", "1.20", "2.3"])
def api(request: pytest.FixtureRequest) -> Iterator[RestApi]:
    scenario = {"jobs": {"orders": {"extends": "streaming", "id": JOB}}}
    with FlinkMock(scenario, flink=request.param, clock="virtual") as mock:
        mock.advance("1m")
        yield RestApi(mock.engine)


def send(api: RestApi, method: str, target: str, body: bytes = b"", content_type: str | None = None) -> Response:
    headers: CIMultiDict[str] = CIMultiDict({"Content-Type": content_type} if content_type else {})
    request = api.open(method, target, headers)
    if body:
        request.receive(body)
    request.complete()
    try:
        response = api.handle(request)
    finally:
        request.close()
    assert b"flinkmock failed" not in response.body, response.body
    if response.content_type is not None and response.content_type.startswith("application/json"):
        json.loads(response.body)
    return response


@st.composite
def targets(draw: st.DrawFn, release: str) -> tuple[str, str]:
    """A method, and a target that is similar to that of an operation."""
    operation = draw(
        st.sampled_from(
            [operation for operation in Contract.load(release).operations if operation.id != "shutdownCluster"]
        )
    )
    text = st.sampled_from(VALUES) | st.text(max_size=8)
    path = "/".join(
        draw(text) if segment.startswith(":") and draw(st.booleans()) else JOB if segment == ":jobid" else segment
        for segment in operation.path.split("/")
    )
    names = [parameter.name for parameter in operation.query_parameters] + ["x"]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), text), max_size=3))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    target = path + (f"?{query}" if query else "")
    return operation.method, target.encode("utf-8", "surrogatepass").decode("latin-1")


def test_targets(api: RestApi) -> None:
    release = api.engine.contract.release.minor

    @examples(20)
    @given(targets(release), st.sampled_from([b"", *BODIES]))
    def drawn(target: tuple[str, str], body: bytes) -> None:
        send(api, *target, body=body if target[0] in ("POST", "PUT", "PATCH") else b"")

    drawn()


POSTS = (f"/jobs/{JOB}/savepoints", f"/jobs/{JOB}/stop", "/jars/a.jar/run", f"/jobs/{JOB}/checkpoints", "/jobs")


def test_bodies(api: RestApi) -> None:
    @examples(13)
    @given(st.sampled_from(POSTS), mutated(BODIES))
    def drawn(target: str, body: bytes) -> None:
        send(api, "POST", target, body)

    drawn()


def test_uploads(api: RestApi) -> None:
    @examples(13)
    @given(st.sampled_from(("/jars/upload", "/jobs", "/jars/a.jar/run")), mutated(FORMS))
    def drawn(target: str, body: bytes) -> None:
        send(api, "POST", target, body, FORM)

    drawn()


def _parts(pieces: list[bytes]) -> tuple[object, ...]:
    body = MultipartBody("b", ReleaseQuirks.of(Contract.load("2.3").release), takes_post=True, takes_files=True)
    try:
        for piece in pieces:
            body.receive(piece)
        body.complete()
        return body.content, [(file.name, file.path.read_bytes()) for file in body.files]
    except RequestRejected as rejected:
        return (rejected.response,)
    finally:
        body.close()


@fuzzed("multipart", FORMS, 20)
def test_forms_in_pieces(data: bytes) -> None:
    """It does not matter how a form is split."""
    with contextlib.suppress(IndexError):
        assert _parts([data]) == _parts([data[n : n + 1] for n in range(len(data))])
