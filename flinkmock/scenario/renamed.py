"""Former names of scenario keys and values. They are rejected with a message that contains the current name."""

from __future__ import annotations

from collections.abc import Container

RENAMED_KEYS: tuple[tuple[str, str], ...] = (
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
"""Pairs of former key and current key. A former key can be a current key of another mapping."""

RENAMED_VALUES: tuple[tuple[str, str], ...] = (
    ("fails", "crashes"),
    ("before-effect", "reset"),
    ("after-effect", "after-processing"),
    ("empty", "close"),
    ("mid-body", "truncate"),
)
"""Pairs of former value and current value, for keys with a fixed set of values."""


def current_name(name: object, renamed: tuple[tuple[str, str], ...], allowed: Container[object]) -> str | None:
    """Return the `allowed` name that replaced `name`, or None if there is none.

    Args:
        name: The name in the scenario.
        renamed: `RENAMED_KEYS` or `RENAMED_VALUES`.
        allowed: The names that the scenario language has in this place.
    """
    return next((current for former, current in renamed if former == name and current in allowed), None)
