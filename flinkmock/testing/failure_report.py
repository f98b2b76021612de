"""What a failed test is told about its cluster: how its jobs went, what was asked, and whether time stood still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from flinkmock.cluster.job import Job
from flinkmock.journal import Exchange
from flinkmock.testing.mock import FlinkMock

STANDING = 20
"""So many equal questions at one and the same cluster time look like a client that waits for a clock nobody moves."""
MOST = 100
"""So many lines of the journal are shown, the last ones."""


def told(cluster: FlinkMock, asked: Sequence[Exchange]) -> str:
    """The timeline, and what was `asked`; moments are seconds of the cluster's time since it began."""
    engine = cluster.engine
    with engine.lock:
        now, start = engine.clock.now(), engine.cluster.started_at
        events = [event for job in engine.cluster.jobs.values() for event in _events(job, now)]
    head = f"Flink {engine.contract.release.version}, clock {engine.clock.text}, at {(now - start) / 1000:.1f} s"
    lines = [head]
    if events:
        lines += ["timeline:", *(f"{(at - start) / 1000:9.1f} s  {text}" for at, text in sorted(events, key=_moment))]
    lines += ["requests:" if asked else "no requests", *_journal(asked, start)]
    if cluster.requests.dropped:
        lines.append(f"  {cluster.requests.dropped} older ones are no longer kept")
    if not engine.clock.follows_wall:
        lines += _standing(asked, start, engine.clock.text)
    return "\n".join(lines)


def _events(job: Job, now: int) -> Iterator[tuple[int, str]]:
    for at, state in job.states:
        yield at, f"{job.name} {state}"
    for failure in job.failures_at(now):
        yield failure.at, f"{job.name} fails: {failure.exception.chain()[-1]}"
    for one in (*job.checkpoints.completed_at(now), *job.checkpoints.failed_at(now)):
        if one.is_savepoint:
            yield one.ends_at, f"{job.name} savepoint {one.path}{f' fails: {one.failure}' if one.failure else ''}"


def _moment(event: tuple[int, str]) -> int:
    return event[0]


def _journal(asked: Sequence[Exchange], start: int) -> list[str]:
    """A line for each request; those that differ in nothing from the one before are counted."""
    lines = []
    for _, group in groupby(asked, key=_same):
        first, *more = group
        times = f"  ({len(more) + 1} times, until {(more[-1].time - start) / 1000:.1f} s)" if more else ""
        lines.append(f"{(first.time - start) / 1000:9.1f} s {first}{times}")
    return lines if len(lines) <= MOST else [f"  … {len(lines) - MOST} lines before", *lines[-MOST:]]


def _same(exchange: Exchange) -> tuple[object, ...]:
    return exchange.method, exchange.target, exchange.raw_body, exchange.status, exchange.fault


def _standing(asked: Sequence[Exchange], start: int, clock: str) -> list[str]:
    """What to do, if somebody asked the same over and over while no time passed."""
    questions = Counter((one.time, one.target, one.status, one.response_size) for one in asked if one.method == "GET")
    for (at, target, _, _), times in questions.most_common(1):
        if times >= STANDING:
            return [
                f"GET {target} came {times} times at {(at - start) / 1000:g} s and was answered the same: the {clock} "
                "clock stands until the test moves it.",
                'Let requests move it (clock="1s per request", the default of the fixture), or move it yourself: '
                'flinkmock.advance("1m"), flinkmock.clock.next(), flinkmock.run_until(NAME="FINISHED").',
            ]
    return []
