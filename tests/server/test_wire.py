"""The server responds like Flink to malformed and unusual requests, which client libraries don't usually send.

See docs/flink-behaviour.md#request-line.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.server.conftest import Client
from tests.timeouts import TEST_TIMEOUT_S

ACCEPTED = [
    b"GET /overview HTTP/1.1\r\n\r\n",
    b"GET /overview HTTP/1.0\r\n\r\n",
    b"\r\n\r\nGET /overview HTTP/1.1\r\nHost: x\r\n\r\n",
    b"  GET   /overview \t HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /overview http/1.1\r\nHost: x\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nhost: x\r\nX: " + b"y" * 9000 + b"\r\n\r\n",
    b"GET /overview?" + b"y" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /overview#fragment HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nAccept: text/xml\r\nAccept-Encoding: gzip\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /overview HTTP/2.0\r\nHost: x\r\n\r\n",
    b"GET overview HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /overview?\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost : x\r\nNo colon\r\n: v\r\n\xc3\xa9: \xc3\xa9\r\nA b: c\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\n folded\r\nX: a\x01b\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
    b"GET /overview HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(300)) + b"\r\n",
]


@pytest.mark.parametrize("data", ACCEPTED)
def test_unusual_requests_are_accepted(client: Client, data: bytes) -> None:
    response = client.send_bytes(data)
    assert response.status == 200
    assert response.body == b'{"operation":"getClusterOverview"}'


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n\r\n",
        b"GET /overview\r\n\r\n",
        b"GET /overview FTP/1.1\r\n\r\n",
        b"GET /over view HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /overview HTTP/1.1\nHost: x\n\n",
        b"GET /overview?" + b"y" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_malformed_requests_are_requests_for_the_file_bad_request(client: Client, data: bytes) -> None:
    response = client.send_bytes(data)
    assert (response.status, response.errors) == (404, ["Unable to load requested file /bad-request."])
    assert response.header("access-control-allow-origin") is None
    assert response.header("connection") is None


@pytest.mark.parametrize("release", ["1.12", "1.20", "2.2"])
@pytest.mark.parametrize(
    "data",
    [
        b"GET /overview HTTP/1.1\nHost: x\n\n",
        b"GET /overview HTTP/1.1\r\nHost: x\n\r\n",
        b"GET /overview HTTP/1.1\nHost: x\r\n\r\n",
        b"GET /overview FTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_line_feeds_and_other_protocols_are_accepted_before_2_3(
    serve: Callable[..., Client], release: str, data: bytes
) -> None:
    """Observed on 2.1.3, 2.0.2 and 1.20.5."""
    response = serve(flink=release).send_bytes(data)
    assert (response.status, response.body) == (200, b'{"operation":"getClusterOverview"}')


@pytest.mark.parametrize("method", ["GET", "QUERY"])
def test_an_unknown_expectation_is_a_417(client: Client, method: str) -> None:
    """The method makes no difference (observed on 1.12.5)."""
    response = client.send_bytes(method.encode() + b" /overview HTTP/1.1\r\nHost: x\r\nExpect: nonsense\r\n\r\n")
    assert (response.status, response.body, response.header("content-type")) == (417, b"", None)
    assert response.header("access-control-allow-origin") is None


@pytest.mark.parametrize("method", ["FOO", "get", "TRACE", "OPTIONS", "POST", "DELETE"])
def test_methods_without_an_operation_are_not_found(serve: Callable[..., Client], method: str) -> None:
    for release, text in (
        ("2.3", "Not found: /over%76iew?x=1"),
        ("1.14", "Not found: /over%76iew?x=1"),
        ("1.13", "Not found."),
    ):
        response = serve(flink=release).send(method, "/over%76iew?x=1")
        assert (response.status, response.errors) == (404, [text])
        assert response.header("access-control-allow-origin") == "*"
        assert response.header("connection") == "keep-alive"


def test_head_requests_are_not_found(client: Client) -> None:
    response = client.send("HEAD", "/overview")
    assert (response.status, response.body) == (404, b"")
    assert response.header("content-length") == str(len('{"errors":["Not found: /overview"]}'))


def test_an_asterisk_is_not_found(client: Client) -> None:
    assert client.send_bytes(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").errors == ["Not found: *"]


@pytest.mark.parametrize(
    ("target", "path"),
    [(b"/\xc3\xa9", "/Ã©"), (b"/\x01", "/\x01"), (b"*", "*"), (b"/a\\b", "/a\\b")],
)
def test_targets_that_aiohttp_rejects_are_answered(client: Client, target: bytes, path: str) -> None:
    # the server itself uses the header flinkmock-target for such targets, and ignores that of a client
    response = client.send_bytes(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nflinkmock-target: 00\r\n\r\n")
    assert response.errors == [f"Unable to load requested file {path}."]


@pytest.mark.parametrize(
    ("headers", "body", "expected_body"),
    [
        (b"Content-Length: 32", b'{"savepoint-path":"file:/a/b/c"}', {"savepoint-path": "file:/a/b/c"}),
        (b"Content-Length: 2\r\nTransfer-Encoding: gzip", b"{}", {}),
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked", b"2;x=y\r\n{}\r\n0\r\n\r\n", {}),
        (b"Transfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n", {}),  # without a valid chunk size, the body is empty
        (b"Content-Length: 2\r\nContent-Length: 3", b"{x}", {}),
    ],
)
def test_bodies_with_unusual_lengths_are_read_as_in_netty(
    client: Client, headers: bytes, body: bytes, expected_body: dict[str, str]
) -> None:
    response = client.send_bytes(b"POST /savepoint-disposal HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n" + body)
    assert response.status == 200
    assert client.engine.calls[-1].body == expected_body


def test_a_target_in_absolute_form_is_not_found(client: Client) -> None:
    response = client.send_bytes(b"GET http://localhost:8081/overview HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.errors == ["Unable to load requested file http://localhost:8081/overview."]


def test_the_last_response_of_a_connection_has_no_connection_header(client: Client) -> None:
    response = client.send("GET", "/overview", headers={"Connection": "close"})
    assert response.status == 200
    assert response.header("connection") is None


def test_100_continue_is_the_only_accepted_expectation(client: Client) -> None:
    response = client.send("GET", "/overview", headers={"Expect": "nonsense"})
    assert (response.status, response.body) == (417, b"")
    assert response.header("content-type") is None
    assert client.send("POST", "/jars/upload", b"{}", {"Expect": "100-continue"}).status == 200


def test_a_content_length_beyond_the_limit_is_rejected_at_once(client: Client) -> None:
    response = client.send_bytes(b"POST /jars/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n")
    assert (response.status, response.body) == (413, b"")


def test_one_connection_can_send_many_requests(client: Client) -> None:
    requests = [
        (b"FOO /a HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"GET /overview HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"POST /jars/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 200),
        (b"GET /jobs/nohex HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ]
    with (
        socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection,
        connection.makefile("rb") as responses,
    ):
        for data, status in requests:
            connection.sendall(data)
            assert responses.readline().split()[1] == str(status).encode()
            length = 0
            while (line := responses.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            responses.read(length)


def test_a_request_may_arrive_byte_by_byte(client: Client) -> None:
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in b"GET /overview HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            connection.sendall(bytes([octet]))
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("release", "content_type"),
    [("1.12", b"Content-Type: application/json"), ("2.3", b"content-type: application/json")],
)
@pytest.mark.parametrize("request_line", [b"FOO /overview HTTP/1.1", b"PUT /jobs HTTP/1.1", b"garbage"])
def test_errors_spell_header_names_as_other_responses(
    serve: Callable[..., Client], release: str, content_type: bytes, request_line: bytes
) -> None:
    """Observed on 1.12.5: `content-length` alone is in lower case there."""
    client = serve(flink=release)
    with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as connection:
        connection.sendall(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        head = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")[0]
    assert content_type in head
    assert b"\r\ncontent-length: " in head
