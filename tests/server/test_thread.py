"""Servers start and stop: in a background thread, and as the main task of a process (`serve`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time

import pytest

from flinkmock.control.cluster_control import ClusterControl
from flinkmock.errors import PortTaken
from flinkmock.rest.call import Payload, RestCall
from flinkmock.server import ServerThread, serve
from flinkmock.server.listener import Listeners
from tests.server.conftest import Client
from tests.server.fake_engine import FakeEngine
from tests.timeouts import TEST_TIMEOUT_S


def test_a_server_starts_on_a_free_port_and_stops() -> None:
    thread = ServerThread(FakeEngine())
    thread.start()
    client = Client(thread.url)
    assert client.send("GET", "/overview").status == 200
    thread.close()
    thread.close()
    with pytest.raises(ConnectionRefusedError):
        client.send("GET", "/overview")
    assert not any(thread.name == "flinkmock" for thread in threading.enumerate())


def test_the_port_is_free_as_soon_as_the_server_is_closed() -> None:
    with ServerThread(FakeEngine()) as first:
        port = int(first.url.rpartition(":")[2])
        Client(first.url).send("GET", "/overview")
    with ServerThread(FakeEngine(), port=port) as second:
        assert second.url == first.url


@pytest.mark.parametrize("pause_s", [0, 0.001, 0.02])
def test_a_server_stops_while_clients_hold_connections(pause_s: float) -> None:
    thread = ServerThread(FakeEngine()).start()
    host, port = Client(thread.url).address
    with socket.create_connection((host, port)) as idle, socket.create_connection((host, port)) as incomplete:
        incomplete.sendall(b"POST /jars/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
        time.sleep(pause_s)
        thread.close()
        for connection in (idle, incomplete):
            connection.settimeout(TEST_TIMEOUT_S)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(100) == b""


def test_a_port_in_use_is_an_error() -> None:
    with ServerThread(FakeEngine()) as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(PortTaken, match=f"Port {port} on 127.0.0.1 is taken"):
            ServerThread(FakeEngine(), port=port).start()


def test_an_error_in_the_thread_before_the_start_is_raised_in_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(listeners: Listeners) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Listeners, "start", fail)
    thread = ServerThread(FakeEngine())
    with pytest.raises(ZeroDivisionError):
        thread.start()
    assert thread.urls == ()
    assert thread.settle() is None
    thread.close()
    assert not any(thread.name == "flinkmock" for thread in threading.enumerate())


def test_handlers_are_called_with_the_lock_of_the_engine_held() -> None:
    engine = FakeEngine()
    lock_states = []

    def handle(call: RestCall) -> Payload:
        other_thread = threading.Thread(
            target=lambda: lock_states.append("free" if engine.lock.acquire(blocking=False) else "held")
        )
        other_thread.start()
        other_thread.join()
        return {}

    engine.handler = handle
    with ServerThread(engine) as thread:
        Client(thread.url, engine).send("GET", "/overview")
    assert lock_states == ["held"]


def engine_that_shuts_down() -> FakeEngine:
    """Return an engine whose cluster is shut down by any request."""
    engine = FakeEngine()

    def handle(call: RestCall) -> Payload:
        engine.cluster.is_shut_down = True
        return {}

    engine.handler = handle
    return engine


def test_the_port_is_closed_after_delete_cluster() -> None:
    with ServerThread(engine_that_shuts_down()) as thread:
        client = Client(thread.url)
        with socket.create_connection(client.address, timeout=TEST_TIMEOUT_S) as open_connection:
            open_connection.sendall(b"GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n")
            assert open_connection.recv(10) == b"HTTP/1.1 4"
            response = client.send("DELETE", "/cluster")
            assert (response.status, response.body) == (200, b"{}")
            with pytest.raises(ConnectionRefusedError):
                client.send("GET", "/overview")
            open_connection.sendall(b"GET /overview HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while chunk := open_connection.recv(4096):
                    received += chunk
            assert b"200 OK" not in received


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
async def test_serve_ends_when_it_receives_a_signal(signal_number: signal.Signals) -> None:
    async def interrupt(url: str) -> None:
        host, port = Client(url).address
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /overview HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        os.kill(os.getpid(), signal_number)
        writer.close()

    tasks = []
    await asyncio.wait_for(
        serve(
            ClusterControl.of_engine(FakeEngine()),
            port=0,
            on_ready=lambda urls, _: tasks.append(asyncio.ensure_future(interrupt(*urls))),
        ),
        TEST_TIMEOUT_S,
    )
    await tasks[0]


async def test_serve_ends_when_the_cluster_is_shut_down() -> None:
    responses = []

    async def shut_down(url: str) -> None:
        host, port = Client(url).address
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"DELETE /cluster HTTP/1.1\r\nHost: x\r\n\r\n")
        responses.append(await reader.read())
        writer.close()

    tasks = []
    engine = engine_that_shuts_down()
    await asyncio.wait_for(
        serve(
            ClusterControl.of_engine(engine),
            port=0,
            on_ready=lambda urls, _: tasks.append(asyncio.ensure_future(shut_down(*urls))),
        ),
        TEST_TIMEOUT_S,
    )
    await tasks[0]
    assert responses[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert responses[0].endswith(b"\r\n\r\n{}")


async def test_serve_raises_the_error_of_a_background_coroutine() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    urls = []
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(
            serve(
                ClusterControl.of_engine(FakeEngine()),
                port=0,
                on_ready=lambda jobmanager_urls, _: urls.extend(jobmanager_urls),
                background=[fail],
            ),
            TEST_TIMEOUT_S,
        )
    with pytest.raises(ConnectionRefusedError):
        Client(urls[0]).send("GET", "/overview")
