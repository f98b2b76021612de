"""SIGINT and SIGTERM call a function in the event loop, also if the loop can't handle signals (as on Windows)."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from flinkmock.server.signals import stop_signals
from tests.timeouts import TEST_TIMEOUT_S


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("loop_handles_signals", [True, False])
async def test_a_signal_calls_the_function(
    monkeypatch: pytest.MonkeyPatch, signal_number: signal.Signals, loop_handles_signals: bool
) -> None:
    def not_implemented(*_: object) -> None:
        raise NotImplementedError

    if not loop_handles_signals:
        for name in ("add_signal_handler", "remove_signal_handler"):
            monkeypatch.setattr(asyncio.get_running_loop(), name, not_implemented)
    handler_before = signal.getsignal(signal.SIGTERM)
    stop = asyncio.Event()
    with stop_signals(stop.set):
        os.kill(os.getpid(), signal_number)
        await asyncio.wait_for(stop.wait(), TEST_TIMEOUT_S)
    assert signal.getsignal(signal.SIGTERM) == handler_before
