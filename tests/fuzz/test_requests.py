"""Nearly valid requests: each gets a response, and none is an internal error of flinkmock."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from flinkmock import FlinkMock
from flinkmock.contract import Contract
from flinkmock.rest.api import RestApi
from flinkmock.rest.error_responses import RestRequestRejected
from flinkmock.rest.multipart import MultipartBody
from flinkmock.rest.release_quirks import ReleaseQuirks
from flinkmock.rest.response import Response
from tests.fuzz.byte_edits import edited, fuzzed
from tests.hypothesis_profile import examples

JOB = "0123456789abcdef0123456789abcdef"
PARAMETER_VALUES = (JOB, "0", "1", "2147483647", "-1", "a.jar", "x", "", "..", "é", "0-9,3", "true", "NaN", "9" * 30)
FORM_CONTENT_TYPE = "multipart/form-data; boundary=b"
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
def methods_and_targets(draw: st.DrawFn, release: str) -> tuple[str, str]:
    """Draw the method of an operation, and a target that is similar to that of the operation."""
    operations = [operation for operation in Contract.load(release).operations if operation.id != "shutdownCluster"]
    operation = draw(st.sampled_from(operations))
    text = st.sampled_from(PARAMETER_VALUES) | st.text(max_size=8)
    segments = operation.path.split("/")
    for index, segment in enumerate(segments):
        if segment.startswith(":") and draw(st.booleans()):
            segments[index] = draw(text)
        elif segment == ":jobid":
            segments[index] = JOB
    path = "/".join(segments)
    names = [parameter.name for parameter in operation.query_parameters] + ["x"]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), text), max_size=3))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    target = path + (f"?{query}" if query else "")
    return operation.method, target.encode().decode("latin-1")  # each byte as one character, as RestApi expects


def test_drawn_targets_get_a_response(api: RestApi) -> None:
    release = api.engine.contract.release.minor

    @examples(20)
    @given(methods_and_targets(release), st.sampled_from([b"", *BODIES]))
    def send_drawn(method_and_target: tuple[str, str], body: bytes) -> None:
        method, target = method_and_target
        send(api, method, target, body=body if method in ("POST", "PUT", "PATCH") else b"")

    send_drawn()


POST_TARGETS = (f"/jobs/{JOB}/savepoints", f"/jobs/{JOB}/stop", "/jars/a.jar/run", f"/jobs/{JOB}/checkpoints", "/jobs")


def test_edited_bodies_get_a_response(api: RestApi) -> None:
    @examples(13)
    @given(st.sampled_from(POST_TARGETS), edited(BODIES))
    def send_drawn(target: str, body: bytes) -> None:
        send(api, "POST", target, body)

    send_drawn()


def test_edited_uploads_get_a_response(api: RestApi) -> None:
    @examples(13)
    @given(st.sampled_from(("/jars/upload", "/jobs", "/jars/a.jar/run")), edited(FORMS))
    def send_drawn(target: str, body: bytes) -> None:
        send(api, "POST", target, body, FORM_CONTENT_TYPE)

    send_drawn()


def _parse_form(pieces: list[bytes]) -> tuple[object, ...]:
    """Return the content and the files of a form that arrives in pieces, or the response that rejects it."""
    body = MultipartBody("b", ReleaseQuirks.of(Contract.load("2.3").release), path_accepts_post=True, takes_files=True)
    try:
        for piece in pieces:
            body.receive(piece)
        body.complete()
        return body.content, [(file.name, file.path.read_bytes()) for file in body.files]
    except RestRequestRejected as rejected:
        return (rejected.response,)
    finally:
        body.close()


@fuzzed("multipart", FORMS, 20)
def test_the_result_does_not_depend_on_how_a_form_is_split(data: bytes) -> None:
    single_bytes = [data[index : index + 1] for index in range(len(data))]
    assert _parse_form([data]) == _parse_form(single_bytes)
