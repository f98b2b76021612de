"""Times, as a plan writes them: in the words of the scenario language."""

from __future__ import annotations

from collections.abc import Iterable

from flinkmock.cluster.spec import DurationSpec, Polls, Signal

UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000))


def moment(at: int, decimals: int = 1) -> str:
    """0.5s, 1m10.5s, 2h00m00.0s, -3h00m00.0s: parts below the first have two digits, so that columns align."""
    text, rest = "", abs(at)
    for unit, size in UNITS:
        if text or rest >= size:
            text += f"{rest // size:02d}{unit}" if text else f"{rest // size}{unit}"
            rest %= size
    seconds = f"{rest / 1000:0{3 + decimals if text else 0}.{decimals}f}"
    return f"{'-' if at < 0 else ''}{text}{seconds}s"


def decimals(moments: Iterable[int]) -> int:
    """How many decimals of a second tell these moments from each other: 1, or 3 where ms matter."""
    return 3 if any(at % 100 for at in moments) else 1


def length(ms: int) -> str:
    """500ms, 3s, 2m30s: as short as can be."""
    if ms < 1000:
        return f"{ms}ms" if ms else "0"
    text, rest = "", ms
    for unit, size in (*UNITS, ("s", 1000), ("ms", 1)):
        if rest >= size:
            text += f"{rest // size}{unit}"
            rest %= size
    return text


def said(given: DurationSpec) -> str:
    """As a scenario says how long something takes."""
    match given:
        case Polls(times=times):
            return f"{times} polls" if times > 1 else "1 poll"
        case Signal(name=name):
            return f"signal {name}"
    if given.high is None:
        return "forever"
    return length(given.low) if given.low == given.high else f"{length(given.low)}..{length(given.high)}"
