"""Clients can't forge lines of a log, or change the colours of a terminal."""

from __future__ import annotations

import logging

import pytest

from flinkmock import FlinkMock
from flinkmock.cli.serve_log import ServeLog
from flinkmock.cli.terminal import printable
from flinkmock.rest.api import RestApi
from flinkmock.rest.in_process import InProcessClient

FORGING_TARGET = "/jobs/%0a20:00:00.000%20%20202%20%20PATCH%20%20all-is-well%1b%5b31m"


def test_targets_cannot_forge_lines_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    from tests.server.raw_connection import send_raw

    with FlinkMock(clock="virtual") as mock, ServeLog(as_json=False) as log:
        for target in (FORGING_TARGET, "/jobs/\x1b[31mred"):
            send_raw(mock, "GET", f"{target} HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n".removesuffix("\r\n"))
        for exchange in mock.requests:
            log.request(exchange)
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == len([line for line in lines if "  GET" in line]) == 2
    assert "\x1b" not in "".join(lines)
    assert "\\n20:00:00.000" in lines[0]


@pytest.mark.parametrize("character", ["\0", "\n", "\r", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", "\ufeff"])
def test_control_characters_are_escaped(character: str) -> None:
    assert printable(f"a{character}b").isascii()


def test_other_characters_are_unchanged() -> None:
    assert printable("überschrift → 東京 🙂 a b") == "überschrift → 東京 🙂 a b"


def test_targets_are_escaped_in_logged_failures(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RestApi, "respond", fail)
    with FlinkMock(clock="virtual") as mock, caplog.at_level(logging.ERROR):
        InProcessClient(mock.engine).send("GET", "/overview\n\x1b[31mforged")
    assert caplog.messages == ["'GET /overview\\n\\x1b[31mforged'"]
