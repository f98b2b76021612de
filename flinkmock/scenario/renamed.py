"""Former names of scenario keys and values. They are refused with a message that gives the current name."""

from __future__ import annotations

from collections.abc import Container

KEYS: tuple[tuple[str, str], ...] = (
    ("causes", "exceptions"),
    ("because", "exception"),
    ("caused-by", "cause"),
    ("at", "stack-trace"),
    ("exceptions", "exception-history"),
    ("ago", "age"),
    ("started", "age"),
    ("fail", "fails"),
    ("fails", "crashes"),
    ("template", "extends"),
    ("header", "headers"),
    ("takes", "duration"),
    ("for", "duration"),
    ("restored-from", "restore-path"),
    ("restore", "restore-duration"),
    ("keep-results", "result-ttl"),
    ("lose-triggers", "leader-failover"),
    ("taskmanager-lost", "kill-taskmanager"),
    ("retype", "change-type"),
    ("stale", "serve-stale"),
    ("while", "while-job"),
    ("arguments-as-user-config", "arguments-in-user-config"),
    ("stops", "stops-after"),
    ("again", "repeat"),
    ("ship", "ship-strategy"),
)
"""Former key and present key. A former key can be a present key of another mapping."""

VALUES: tuple[tuple[str, str], ...] = (
    ("fails", "crashes"),
    ("before-effect", "reset"),
    ("after-effect", "after-processing"),
    ("empty", "close"),
    ("mid-body", "truncate"),
)
"""The same for values that are one of a few words."""


def present_name(former: object, names: tuple[tuple[str, str], ...], allowed: Container[object]) -> str | None:
    """The `allowed` name that replaced `former`, or None if there is none."""
    return next((present for old, present in names if old == former and present in allowed), None)
