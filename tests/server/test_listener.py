"""Sockets listen on the requested address, and further JobManagers on the next ports."""

from __future__ import annotations

import contextlib

import pytest

from flinkmock.errors import FlinkMockError, InvalidArgument, PortTaken
from flinkmock.server.listener import bind, bind_each, ports_of


def test_further_sockets_have_the_next_ports() -> None:
    for _ in range(20):
        with contextlib.suppress(PortTaken, InvalidArgument):  # a next port is taken or above 65535: try again
            with bind("127.0.0.1", 0) as first:
                port = first.getsockname()[1]
                further = bind_each("127.0.0.1", ports_of(port, 3)[1:])
            assert [socket.getsockname()[1] for socket in further] == [port + 1, port + 2]
            for socket in further:
                socket.close()
            return
    pytest.fail("there were never three free ports in a row")


def test_an_address_of_another_machine_is_rejected() -> None:
    with pytest.raises(FlinkMockError, match=r"Can't listen on 192\.0\.2\.1:0"):
        bind("192.0.2.1", 0)


@pytest.mark.parametrize("host", ["a..b", "x" * 64])
def test_a_host_that_is_not_a_host_name_is_an_error(host: str) -> None:
    with pytest.raises(FlinkMockError, match="is not a host name"):
        bind(host, 0)
