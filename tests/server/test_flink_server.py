"""Requests over HTTP pass through the whole request path to stub handlers."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from flinkmock.cluster.clock import DEFAULT_START_TIME
from flinkmock.cluster.errors import JobNotFound
from flinkmock.contract import known_releases
from flinkmock.rest.call import FileContent, Payload, RestCall
from flinkmock.server import Exchange, ServerThread
from flinkmock.server.aiohttp_application import ApplicationServer
from tests.server.conftest import Client
from tests.server.fake_engine import FakeEngine

JOB_ID = "0123456789abcdef0123456789abcdef"


async def test_an_aiohttp_application_works_with_pytest_aiohttp(aiohttp_client: Callable) -> None:
    engine = FakeEngine()
    client = await aiohttp_client(ApplicationServer(engine).app)
    async with client.get("/v1/jobs/overview") as response:
        assert response.status == 200
        assert await response.json() == {"operation": "getJobsOverview"}


@pytest.mark.parametrize(
    ("release", "header_names"),
    [
        ("2.3", ["content-type", "access-control-allow-origin", "connection", "content-length"]),
        ("1.17", ["content-type", "access-control-allow-origin", "connection", "content-length"]),
        ("1.16", ["Content-Type", "Access-Control-Allow-Origin", "Connection", "content-length"]),
        ("1.12", ["Content-Type", "Access-Control-Allow-Origin", "Connection", "content-length"]),
    ],
)
def test_headers_have_the_order_and_spelling_of_the_release(
    serve: Callable[..., Client], release: str, header_names: list[str]
) -> None:
    response = serve(flink=release).send("GET", "/overview")
    assert [name for name, _ in response.headers] == header_names
    assert response.header("content-type") == "application/json; charset=UTF-8"
    assert response.header("access-control-allow-origin") == "*"
    assert response.header("connection") == "keep-alive"


def test_handlers_get_converted_parameters_and_bodies(client: Client) -> None:
    client.send("POST", f"/jobs/{JOB_ID.upper()}/savepoints", b'{"cancel-job": "true"}')
    assert client.engine.last_call.operation.id == "triggerSavepoint"
    assert client.engine.last_call.path == {"jobid": JOB_ID}
    assert client.engine.last_call.body == {"cancel-job": True}
    client.send("GET", f"/jobs/{JOB_ID}/metrics?get=a,b")
    assert client.engine.last_call.query == {"get": ["a", "b"]}


def test_the_base_url_does_not_follow_forwarded_headers(client: Client) -> None:
    client.send("GET", "/jars", headers={"X-Forwarded-Host": "elsewhere"})
    host, port = client.address
    assert client.engine.last_call.base_url == f"http://{host}:{port}"


def test_a_bad_body_is_reported_before_a_bad_id(client: Client) -> None:
    response = client.send("POST", "/jobs/nohex/savepoints", b"hello")
    assert "Request did not match expected format" in response.errors[0]
    response = client.send("POST", "/jobs/nohex/savepoints", b"{}")
    assert 'Cannot resolve path parameter (jobid) from value "nohex".' in response.errors[0]


def test_a_cluster_error_becomes_an_error_response(client: Client) -> None:
    def fail(call: RestCall) -> Payload:
        raise JobNotFound(JOB_ID)

    client.engine.handler = fail
    assert client.send("GET", f"/jobs/{JOB_ID}").status == 404
    assert client.send("GET", f"/jobs/{JOB_ID}/status").status == 500


def test_an_exception_in_a_handler_is_logged_and_causes_an_internal_error(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(call: RestCall) -> Payload:
        raise LookupError("broken")

    client.engine.handler = fail
    with caplog.at_level(logging.ERROR, "flinkmock.server"):
        response = client.send("GET", "/overview")
    assert response.status == 500
    assert "flinkmock failed: LookupError('broken')" in response.errors[1]
    assert "LookupError: broken" in caplog.text


def test_files_have_no_cors_header(client: Client) -> None:
    client.engine.handler = lambda call: FileContent(b"a line\n")
    response = client.send("GET", "/jobmanager/log")
    assert response.headers == [("content-type", "text/plain"), ("connection", "keep-alive"), ("content-length", "7")]
    assert response.body == b"a line\n"


def test_an_empty_file_has_a_content_type(client: Client) -> None:
    client.engine.handler = lambda call: FileContent(b"")
    response = client.send("GET", "/jobmanager/stdout")
    assert (response.status, response.body, response.header("content-type")) == (200, b"", "text/plain")


@pytest.mark.parametrize("path", [f"/jobs/{JOB_ID}/jobmanager/log-url", f"/jobs/{JOB_ID}/taskmanagers/tm/log-url"])
def test_log_urls_have_no_cors_header(client: Client, path: str) -> None:
    assert client.send("GET", path).header("access-control-allow-origin") is None


@pytest.mark.parametrize("path", ["/", "//", "/index.html"])
def test_the_index_page_is_served_with_cache_headers(client: Client, path: str) -> None:
    client.send("GET", "/")  # unpacks the page
    response = client.send("GET", path)
    assert response.status == 200
    assert b"flinkmock" in response.body
    assert response.header("content-type") == "text/html"
    assert response.header("cache-control") == "private, max-age=300"
    assert response.header("expires") and response.header("date") and response.header("last-modified")
    assert response.header("access-control-allow-origin") is None


def test_an_unchanged_index_page_is_not_sent_again(client: Client) -> None:
    last_modified = client.send("GET", "/").header("last-modified")
    response = client.send("GET", "/", headers={"If-Modified-Since": last_modified or ""})
    assert (response.status, response.body) == (304, b"")


def test_paths_outside_of_the_web_folder_are_forbidden(client: Client) -> None:
    client.send("GET", "/")  # unpacks the page, and creates the folder
    response = client.send("GET", "/..")
    assert (response.status, response.errors) == (403, ["Forbidden."])
    assert response.header("access-control-allow-origin") is None


@pytest.mark.parametrize("path", ["/web/", "/v1/", "/jobmanager/"])
def test_missing_folders_are_not_found(client: Client, path: str) -> None:
    response = client.send("GET", path)
    assert response.errors == [f"Unable to load requested file {path}index.html."]


def test_a_bad_escape_in_a_segment_is_an_internal_error(client: Client) -> None:
    response = client.send("GET", "/taskmanagers/%25")
    assert response.status == 500
    assert response.errors == ["Internal server error: unterminated escape sequence at index 0 of: %"]
    assert response.header("connection") is None


def test_the_observer_is_called_for_each_exchange() -> None:
    exchanges: list[Exchange] = []
    with ServerThread(FakeEngine(), observer=exchanges.append) as thread:
        client = Client(thread.url)
        client.send("GET", f"/jobs/{JOB_ID.upper()}?x=1")
        client.send("GET", "/nosuch")
        client.send("GET", "/jobs/nohex")
        client.send("GET", "/%")
    assert exchanges == [
        Exchange("GET", f"/jobs/{JOB_ID.upper()}?x=1", DEFAULT_START_TIME, 200, "getJobDetails", JOB_ID),
        Exchange("GET", "/nosuch", DEFAULT_START_TIME, 404),
        Exchange("GET", "/jobs/nohex", DEFAULT_START_TIME, 400, "getJobDetails", "nohex"),
        Exchange("GET", "/%", DEFAULT_START_TIME, 500),
    ]


@pytest.mark.parametrize("release", known_releases())
def test_every_operation_reaches_a_handler(serve: Callable[..., Client], release: str) -> None:
    client = serve(flink=release, configuration={"rest.profiling.enabled": "true"})
    heartbeats_are_objects = client.engine.contract.release.since("1.20")
    bodies = {
        "triggerSavepoint": b'{"cancel-job": false}',
        "triggerStopWithSavepoint": b'{"drain": false}',
        "triggerHeartbeat": b'{"expiredTimestamp": 5}' if heartbeats_are_objects else b"5",
        "postJobManagerProfiling": b'{"mode": "CPU", "duration": 1}',
        "postTaskManagerProfiling": b'{"mode": "CPU", "duration": 1}',
    }
    for operation in client.engine.contract:
        path = operation.path
        for parameter in operation.path_parameters:
            text = JOB_ID if parameter.format == "hex32" else "0" if parameter.type == "integer" else "x"
            path = path.replace(f":{parameter.name}", text, 1)
        response = client.send(operation.method, path, bodies.get(operation.id))
        assert response.status == operation.status, (operation, response.body)
        assert client.engine.last_call.operation is operation


@pytest.mark.parametrize("target", ["/jobs/0/taskmanagers/x/log-url?mode=nope", "/jobs/*/jobmanager/log-url"])
def test_log_urls_convert_no_parameters(serve: Callable[..., Client], target: str) -> None:
    client = serve()
    response = client.send("GET", target, b"no JSON")
    assert (response.status, response.header("access-control-allow-origin")) == (200, None)
    assert client.engine.calls[-1].path["jobid"] == target.split("/")[2]


def test_parameters_are_checked_before_a_null_body_is_rejected(serve: Callable[..., Client]) -> None:
    client = serve()
    response = client.send("POST", f"/jobs/{JOB_ID}/savepoints", b"null")
    assert response.status == 500
    assert "\njava.lang.NullPointerException\n" in response.errors[1]
    assert client.send("POST", "/jobs/nohex/savepoints", b"null").status == 400
    assert client.engine.calls == []
