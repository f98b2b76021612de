"""An ingress authenticates clients, adds a base path and redirects requests, as ingress-nginx does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from aiohttp import web

from flinkmock import FlinkMock, InvalidArgument, ScenarioError, small_jar
from flinkmock.ingress import basic, bearer
from flinkmock.scenario import load_scenario

INGRESS = """
cluster:
  ingress:
    base-path: /ns/job
    basic: {alice: secret, bob: {password: old, expires-after: 1m}}
    bearer: [token, {token: old, expires-after: 5m}]
jobs: {orders: streaming}
"""


@pytest.fixture
def mock() -> Iterator[FlinkMock]:
    with FlinkMock(INGRESS, clock="virtual") as mock:
        yield mock


def get(mock: FlinkMock, target: str = "/ns/job/jobs", authorization: str | None = None, **headers: str) -> Any:
    """Send a GET. The names of `headers` have underscores in place of hyphens."""
    origin = f"http://{mock.host}:{mock.port}"
    if authorization is not None:
        headers["Authorization"] = authorization
    return httpx.get(origin + target, headers={name.replace("_", "-"): value for name, value in headers.items()})


BASIC_CHALLENGE, BEARER_CHALLENGE = 'Basic realm="Flink"', 'Bearer realm="Flink"'
INVALID_TOKEN = ', error="invalid_token", error_description="The token {}"'


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        ("Basic YWxpY2U6c2VjcmV0", None),  # alice:secret
        ("basic YWxpY2U6c2VjcmV0", None),
        ("Bearer token", None),
        ("bearer old", None),
        (None, f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),
        ("", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),
        ("Basic", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),
        ("Basic !!!", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),
        ("Basic YWxpY2U6d3Jvbmc=", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),  # alice:wrong
        ("Basic /////w==", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),  # not UTF-8
        ("Bearer YWxpY2U6c2VjcmV0", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}{INVALID_TOKEN.format('is unknown')}"),
        ("Bearer alice:secret", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}{INVALID_TOKEN.format('is unknown')}"),
        ("Digest token", f"{BASIC_CHALLENGE}, {BEARER_CHALLENGE}"),
    ],
)
def test_requests_need_valid_credentials(mock: FlinkMock, authorization: str | None, challenge: str | None) -> None:
    response = get(mock, authorization=authorization)
    assert response.status_code == (401 if challenge else 200)
    assert response.headers.get("www-authenticate") == challenge


def test_credentials_expire(mock: FlinkMock) -> None:
    old_user = basic("bob", "old").header
    assert get(mock, authorization=old_user).status_code == 200
    mock.advance("1m")
    assert get(mock, authorization=old_user).status_code == 401
    assert get(mock, authorization="Bearer old").status_code == 200
    mock.advance("4m")
    assert INVALID_TOKEN.format("has expired") in get(mock, authorization="Bearer old").headers["www-authenticate"]
    assert get(mock, authorization="Bearer token").status_code == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/ns/job/", 200),
        ("/ns/job/v1/jobs?a=b", 200),
        ("/ns/job/overview", 200),
        ("/jobs", 404),
        ("/", 404),
        ("/ns/jobs", 404),
        ("/ns/job%2fjobs", 404),
        ("/ns/JOB/jobs", 404),
    ],
)
def test_only_paths_below_the_base_path_reach_the_cluster(mock: FlinkMock, target: str, status: int) -> None:
    response = get(mock, target, authorization="Bearer token")
    assert response.status_code == status
    if status == 404:
        assert "nginx" in response.text


@pytest.mark.parametrize(
    ("headers", "location"),
    [
        ({}, "http://{host}/ns/job/?a=b"),
        ({"X_Forwarded_Proto": "https"}, "https://{host}/ns/job/?a=b"),
        (
            {"X_Forwarded_Proto": "https, http", "X_Forwarded_Host": "flink.example, x"},
            "https://flink.example/ns/job/?a=b",
        ),
        ({"X_Forwarded_Host": "flink.example", "X_Forwarded_Port": "8443"}, "http://flink.example:8443/ns/job/?a=b"),
        ({"X_Forwarded_Host": "[::1]", "X_Forwarded_Port": "8443"}, "http://[::1]:8443/ns/job/?a=b"),
        ({"X_Forwarded_Host": "[::1]:9000", "X_Forwarded_Port": "8443"}, "http://[::1]:9000/ns/job/?a=b"),
        ({"X_Forwarded_Host": "evil.example/path"}, "http://{host}/ns/job/?a=b"),
        ({"X_Forwarded_Proto": "javascript"}, "http://{host}/ns/job/?a=b"),
        (
            {"Forwarded": 'for=1.2.3.4;proto=https;host="flink.example:81", for=5'},
            "https://flink.example:81/ns/job/?a=b",
        ),
        ({"Host": "flink"}, "http://flink/ns/job/?a=b"),
    ],
)
def test_the_base_path_without_a_slash_is_redirected(mock: FlinkMock, headers: dict[str, str], location: str) -> None:
    response = get(mock, "/ns/job?a=b", **headers)
    assert response.status_code == 301
    assert response.headers["location"] == location.format(host=f"127.0.0.1:{mock.port}")


def test_requests_are_redirected_to_https() -> None:
    with FlinkMock("cluster: {ingress: {redirect-to-https: true}}", clock="virtual") as mock:
        response = get(mock, "/jobs?a=b", Host="flink.example")
        assert (response.status_code, response.headers["location"]) == (308, "https://flink.example/jobs?a=b")
        assert get(mock, "/jobs", X_Forwarded_Proto="https").status_code == 200


def test_requests_off_the_direct_path_need_credentials(mock: FlinkMock) -> None:
    """Uploads and HEAD requests go to aiohttp. A request to which a fault may apply goes through the middlewares."""
    upload = {"jarfile": ("a.jar", small_jar())}
    assert httpx.post(mock.url + "/jars/upload", files=upload).status_code == 401
    assert httpx.post(mock.url + "/jars/upload", files=upload, auth=mock.auth).status_code == 200
    assert httpx.head(mock.url + "/jobs").status_code == 401
    mock.faults.add({"match": "POST /jars/:jarid/run", "reply": "internal-error"})
    assert httpx.post(mock.url + "/jars/a.jar/run", json={}).status_code == 401
    assert httpx.post(mock.url + "/jars/a.jar/run", json={}, auth=mock.auth).status_code == 500


def test_the_journal_has_requests_that_end_at_the_ingress(mock: FlinkMock) -> None:
    get(mock)
    get(mock, "/ns/jobs")
    assert [(request.target, request.operation, request.status) for request in mock.requests] == [
        ("/jobs", "getJobIdsWithStatusesOverview", 401),
        ("/ns/jobs", None, 404),
    ]
    assert [request.target for request in mock.requests.unmatched] == ["/ns/jobs"]


def test_only_pages_of_the_dashboard_match_without_an_operation() -> None:
    """The responses of the ingress do not matter."""
    with FlinkMock("cluster: {ingress: {redirect-to-https: true}}", clock="virtual") as mock:
        assert [get(mock, path).status_code for path in ("/", "/index.html", "/nowhere")] == [308, 308, 308]
        assert [request.target for request in mock.requests.unmatched] == ["/nowhere"]


def test_the_control_api_needs_no_credentials(mock: FlinkMock) -> None:
    assert mock.control_url == f"{mock.url}/__flinkmock__/v1"
    assert httpx.get(mock.control_url + "/clock").status_code == 200
    assert get(mock, "/__flinkmock__/v1/clock").status_code == 200


def test_the_mock_has_url_and_credentials_of_the_ingress(mock: FlinkMock) -> None:
    assert mock.url == f"http://127.0.0.1:{mock.port}/ns/job"
    assert mock.auth == ("alice", "secret")
    assert httpx.get(mock.url + "/jobs", headers=mock.headers).status_code == 200
    assert mock.ssl_context is mock.ca_file is mock.client_certificate is None


def test_arguments_override_the_scenario() -> None:
    with FlinkMock(INGRESS, base_path="/other/", credentials=[bearer("mine")], clock="virtual") as mock:
        assert mock.url.endswith("/other")
        assert mock.auth is None
        assert mock.headers == {"Authorization": "Bearer mine"}
        assert httpx.get(mock.url + "/jobs", headers=mock.headers).status_code == 200
        assert httpx.get(mock.url + "/jobs", headers={"Authorization": "Bearer token"}).status_code == 401


def test_a_scenario_without_ingress_replaces_one_with_ingress(mock: FlinkMock) -> None:
    port = mock.port
    mock.load_scenario("jobs: {orders: streaming}\n")
    assert mock.url == f"http://127.0.0.1:{port}"
    assert httpx.get(mock.url + "/jobs").status_code == 200


@pytest.mark.parametrize("path", ["ns", "/a//b", "/a/../b", "/a b", "/a?b", "/a#b"])
def test_invalid_base_paths_are_rejected(path: str) -> None:
    with pytest.raises(InvalidArgument, match=r"is not a base path\. Write /namespace/job\."):
        FlinkMock(base_path=path)


@pytest.mark.parametrize(
    ("ingress", "message"),
    [
        ("{base-path: ns}", "is not a base path"),
        ("{base-path: /a/../b}", "is not a base path"),
        ("{basic: {'a:b': c}}", "has a colon in it"),
        ("{bearer: 'two words'}", "is not a token"),
        ("{bearer: [{token: a, expires: 5m}]}", "expires"),
        ("{realm: 'a\"b'}", "is not a realm"),
        ("{beerer: x}", "Did you mean"),
        (
            f"{{basic: {dict.fromkeys(map(str, range(1001)), 'x')}}}",
            r"cluster\.ingress\.basic has more than 1000 entries\.",
        ),
    ],
    ids=lambda text: text[:40],
)
def test_mistakes_in_the_ingress_section_are_reported(ingress: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        load_scenario(f"cluster: {{ingress: {ingress}}}\n")


async def test_the_aiohttp_application_can_be_a_subapplication(aiohttp_client: Any) -> None:
    app = web.Application()
    app.add_subapp("/ns/job/", FlinkMock({"jobs": {"orders": "streaming"}}).create_app())
    client = await aiohttp_client(app)
    async with client.get("/ns/job/jobs") as response:
        assert response.status == 200
        assert len((await response.json())["jobs"]) == 1
