"""Former names of scenario keys and values. They are rejected with a message that contains the current name."""

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
"""Former key and current key. A former key can be a current key of another mapping."""

VALUES: tuple[tuple[str, str], ...] = (
    ("fails", "crashes"),
    ("before-effect", "reset"),
    ("after-effect", "after-processing"),
    ("empty", "close"),
    ("mid-body", "truncate"),
)
"""Former value and current value, for keys with a fixed set of values."""


def present_name(former: object, names: tuple[tuple[str, str], ...], allowed: Container[object]) -> str | None:
    """Return the `allowed` name that replaced `former`, or None if there is none."""
    return next((present for old, present in names if old == former and present in allowed), None)
