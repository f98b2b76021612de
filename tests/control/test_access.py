"""Access to the control API: allowed hosts, origins, and the control token."""

from __future__ import annotations

import httpx
import pytest

from flinkmock import FlinkMock, NotRunning
from flinkmock.control.access import Access, is_loopback
from flinkmock.control.rejection import RequestRejected
from tests.control.client import Control


def status_of(access: Access, *, is_public: bool = False, **headers: str) -> int:
    """Check the access; return the status of the rejection, or 200."""
    try:
        access.check({name.title(): value for name, value in headers.items()}, is_public=is_public)
    except RequestRejected as error:
        return error.status
    return 200


@pytest.mark.parametrize("host", ["localhost:8081", "LOCALHOST", "a.localhost", "127.0.0.1:1", "127.9.9.9", "[::1]:80"])
def test_hosts_of_this_machine_are_allowed(host: str) -> None:
    assert status_of(Access(), host=host) == 200


@pytest.mark.parametrize(
    "host", ["", "evil.com", "localhost.evil.com", "10.0.0.1:8081", "[fe80::1]", "127.0.0.1.evil.com"]
)
def test_other_hosts_are_rejected(host: str) -> None:
    assert status_of(Access(), host=host) == 403


def test_the_bound_host_is_allowed_and_a_wildcard_address_allows_any_host() -> None:
    assert status_of(Access("flink.test"), host="flink.test:8081") == 200
    assert status_of(Access("flink.test"), host="flink.tests:8081") == 403
    assert status_of(Access("0.0.0.0", "secret"), host="anything:8081", authorization="Bearer secret") == 200


def test_the_header_authorization_must_contain_the_control_token() -> None:
    access = Access(token="secret")
    assert status_of(access, host="localhost") == 401
    assert status_of(access, host="localhost", authorization="Bearer wrong") == 401
    assert status_of(access, host="localhost", authorization="Basic secret") == 401
    assert status_of(access, host="localhost", authorization="bearer secret") == 200
    assert status_of(access, host="localhost", is_public=True) == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("flink", False), ("192.168.1.1", False)],
)
def test_loopback_addresses_are_recognized(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_pages_of_other_origins_are_rejected(flink: FlinkMock, control: Control) -> None:
    control.error("POST", "reset", 403, headers={"Origin": "http://evil.com"})
    control.error("POST", "reset", 403, headers={"Origin": "null"})
    control.post("reset", headers={"Origin": flink.url})
    control.error("GET", "health", 403, headers={"Host": "evil.com"})


def test_responses_have_no_cors_headers(flink: FlinkMock) -> None:
    response = httpx.options(flink.control_url + "/clock", headers={"Access-Control-Request-Method": "GET"})
    assert response.status_code == 405
    assert not [name for name in response.headers if name.startswith("access-control")]
    assert "access-control-allow-origin" not in httpx.get(flink.control_url + "/clock").headers


def test_control_false_disables_the_control_api() -> None:
    with FlinkMock(control=False) as flink:
        assert httpx.get(flink.url + "/__flinkmock__/v1/health").status_code == 404
        assert len(flink.requests) == 1
        with pytest.raises(NotRunning, match="control=False"):
            _ = flink.control_url


def test_invalid_headers_cause_no_internal_errors(flink: FlinkMock, control: Control) -> None:
    control.error("GET", "clock", 403, headers={"Origin": "http://["})
    assert status_of(Access(token="secret"), host="localhost", authorization="Bearer \udcff") == 401
