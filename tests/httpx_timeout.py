"""The default timeout of httpx is 5 s, which is too short on a busy machine. All functions of httpx share it."""

from __future__ import annotations

import inspect

import httpx


def set_default_timeout(seconds: float) -> None:
    timeout = inspect.signature(httpx.get).parameters["timeout"].default
    for phase in ("connect", "read", "write", "pool"):
        setattr(timeout, phase, seconds)
