"""The report of a failed test: the timeline of its jobs, and its requests with hints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from flinkmock.cluster.job import Job
from flinkmock.journal import Exchange
from flinkmock.testing.mock import FlinkMock
from flinkmock.testing.request_hints import request_hints

MIN_REPEATED_POLLS = 3
"""A client that sends this many equal GETs at one cluster time probably waits for a clock that nothing advances. The
number is low because a client that sleeps for a second may have a deadline of a few seconds."""
MAX_REQUEST_LINES = 100
"""The maximum number of lines for requests in the report, which shows the last ones."""


def failure_report(cluster: FlinkMock, exchanges: Sequence[Exchange]) -> str:
    """Return the timeline of all jobs, also those of earlier leaders, and the exchanges.

    Times are in seconds of cluster time since the start.
    """
    engine = cluster.engine
    with engine.lock:
        now, started_at = engine.clock.now(), engine.cluster.started_at
        terms = [(term.jobs, term.until or now) for term in engine.cluster.leadership.past_terms]
        jobs_with_times = [
            (job, until) for jobs, until in (*terms, (engine.cluster.jobs, now)) for job in jobs.values()
        ]
        events = sorted((event for job, time in jobs_with_times for event in _events(job, time)), key=itemgetter(0))
    lines = [
        f"Flink {engine.contract.release.version}, clock {engine.clock.text}, at {(now - started_at) / 1000:.1f} s"
    ]
    if events:
        lines += ["timeline:", *(f"{(at - started_at) / 1000:9.1f} s  {text}" for at, text in events)]
    lines += ["requests:" if exchanges else "no requests", *_request_lines(exchanges, started_at)]
    if cluster.requests.dropped:
        lines.append(f"  {cluster.requests.dropped} older requests were dropped")
    if not engine.clock.follows_wall_clock:
        lines += _clock_hint(exchanges, started_at, engine.clock.text)
    return "\n".join(lines)


def _events(job: Job, now: int) -> Iterator[tuple[int, str]]:
    """Yield the time (epoch ms) and the description of each event of a job up to `now`."""
    for at, state in job.states:
        yield at, f"{job.name} {state}"
    for failure in job.failures_at(now):
        yield failure.at, f"{job.name} fails: {failure.exception.chain()[-1]}"
    for checkpoint in (*job.checkpoints.completed_checkpoints_at(now), *job.checkpoints.failed_checkpoints_at(now)):
        if checkpoint.is_savepoint:
            reason = f" fails: {checkpoint.failure}" if checkpoint.failure else ""
            yield checkpoint.ends_at, f"{job.name} savepoint {checkpoint.path}{reason}"


def _request_lines(exchanges: Sequence[Exchange], started_at: int) -> list[str]:
    """Return a line for each sequence of equal requests, and its hints."""
    lines = []
    for _, group in groupby(exchanges, key=_repetition_key):
        first, *others = group
        repetition = (
            f"  ({len(others) + 1} times, until {(others[-1].time - started_at) / 1000:.1f} s)" if others else ""
        )
        lines.append(f"{(first.time - started_at) / 1000:9.1f} s {first}{repetition}")
        lines += [f"{'':21}{hint}" for hint in request_hints(first)]
    if len(lines) <= MAX_REQUEST_LINES:
        return lines
    return [f"  … {len(lines) - MAX_REQUEST_LINES} earlier lines", *lines[-MAX_REQUEST_LINES:]]


def _repetition_key(exchange: Exchange) -> tuple[object, ...]:
    """Return the values that are equal in repeated requests."""
    return exchange.method, exchange.target, exchange.body_bytes, exchange.status, exchange.fault


def _clock_hint(exchanges: Sequence[Exchange], started_at: int, clock_mode: str) -> list[str]:
    """Return a hint if a client polled while the cluster time stood still."""
    polls = Counter(
        (exchange.time, exchange.target, exchange.status, exchange.response_size)
        for exchange in exchanges
        if exchange.method == "GET"
    )
    for (at, target, _, _), count in polls.most_common(1):
        if count >= MIN_REPEATED_POLLS:
            return [
                f"The client sent GET {target} {count} times at {(at - started_at) / 1000:.1f} s and got the same "
                f"response: the {clock_mode} clock only advances when the test advances it.",
                'Let requests advance it (clock="1s per request", the default of the fixture), or advance it in the '
                'test: flinkmock.advance("1m"), flinkmock.clock.next(), flinkmock.run_until(NAME="FINISHED").',
            ]
    return []
