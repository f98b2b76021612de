"""Queries and expectations of the journal, and their failure messages."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from flinkmock.journal import CountRange, Journal, Unmatched, UnmetExpectation
from flinkmock.journal.expectation import RequestMatcher
from tests.journal.exchange_factory import JOB, exchange, journal
from tests.timeouts import PATIENCE

STOP = "POST /jobs/:jobid/stop"


def upgrade() -> Journal:
    """A client that stops a job and runs the next version of its jar."""
    return journal(
        exchange("GET", "/jobs/overview"),
        exchange("POST", "/jars/upload", files=("orders.jar",)),
        exchange("POST", f"/jobs/{JOB}/stop", {"drain": False, "targetDirectory": "s3://sp/1"}, 202, fault="lost"),
        exchange("POST", f"/jobs/{JOB}/stop", {"drain": True, "targetDirectory": "s3://sp/2"}, 202),
        exchange("GET", f"/jobs/{JOB}/savepoints/{'a' * 32}"),
        exchange("PATCH", f"/jobs/{JOB}?mode=cancel", status=202),
        exchange("GET", "/jbos", status=404),
    )


def test_it_is_a_sequence() -> None:
    some = upgrade()
    assert len(some) == 7
    assert some[0].target == "/jobs/overview"
    assert [recorded.number for recorded in some] == [1, 2, 3, 4, 5, 6, 7]
    assert [recorded.method for recorded in some[1:3]] == ["POST", "POST"]


def test_counting_and_matching() -> None:
    some = upgrade()
    assert some.count(STOP) == 2
    assert some.count(STOP, body={"drain": True}) == 1
    assert some.count(STOP, body={"targetDirectory": "s3://*"}) == 2
    assert some.count("PATCH /jobs/:jobid", query={"mode": "cancel"}) == 1
    assert some.count("PATCH /jobs/:jobid", query={"mode": "stop"}) == 0
    assert some.count("GET /jobs/:jobid") == 0
    assert some.count(f"GET /jobs/{JOB}/savepoints/:triggerid", status=200) == 1
    assert [recorded.number for recorded in some.matching(STOP)] == [3, 4]
    assert [recorded.target for recorded in some.unmatched] == ["/jbos"]


def test_unmatched_requests() -> None:
    some = journal(
        exchange("GET", "/jobs/overview"),
        exchange("GET", "/", status=200),
        exchange("GET", "/assets/logo.svg", status=200),
        exchange("GET", "/jbos", status=404),
        exchange("POST", "/jobs/overview", status=404),
        exchange("GET", "/healthz", status=503, fault="a proxy in front"),
        exchange("GET", "/jobs/nohex", status=400),
    )
    assert [recorded.number for recorded in some.unexpected] == [4, 5]
    some.expect("GET /jbos", times=1)
    assert [recorded.number for recorded in some.unexpected] == [5]
    some.check([Unmatched(CountRange.parse(3))])
    assert some.unexpected == ()
    some.clear()
    some.add(exchange("GET", "/jbos", status=404))
    assert len(some.unexpected) == 1
    some.wait_for("GET /jbos", timeout=PATIENCE)
    assert some.unexpected == ()


def test_a_met_expectation_gives_the_requests() -> None:
    some = upgrade()
    assert len(some.expect(STOP)) == 2
    assert len(some.expect(STOP, times="2 times")) == 2
    assert len(some.expect(STOP, times=1, body={"drain": True})) == 1
    assert some.expect("DELETE /cluster", times="never") == []
    some.expect_in_order("POST /jars/upload", STOP, STOP, "PATCH /jobs/:jobid")


def test_bodies_are_compared_as_json() -> None:
    some = journal(exchange("POST", f"/jobs/{JOB}/stop", {"drain": True, "more": {"list": [1, {"a": "b", "c": 1}]}}))
    assert some.count(STOP, body={"more": {"list": [1, {"a": "b"}]}}) == 1
    assert some.count(STOP, body={"more": {"list": [1]}}) == 0
    assert some.count(STOP, body={"drain": 1}) == 0
    assert some.count(STOP, body={}) == 1
    assert journal(exchange("POST", f"/jobs/{JOB}/stop", raw_body=b"{no json")).count(STOP, body={}) == 0


FAILURES = {
    "too-often": lambda some: some.expect(STOP, times=1),
    "never-came": lambda some: some.expect("POST /jars/:jarid/run", times="once"),
    "another-body": lambda some: some.expect(STOP, times=1, body={"drain": "yes", "savepointId": "x"}),
    "another-query": lambda some: some.expect("PATCH /jobs/:jobid", query={"mode": "stop", "force": True}),
    "another-status": lambda some: some.expect("POST /jars/upload", status=400),
    "another-method": lambda some: some.expect("DELETE /jobs/:jobid/stop"),
    "unexpected": lambda some: some.expect("PATCH /jobs/:jobid", times="never"),
    "out-of-order": lambda some: some.expect_in_order(STOP, "POST /jars/upload"),
    "nothing-near": lambda some: some.expect("DELETE /cluster"),
    "nothing-near-of-one": lambda some: journal(exchange("GET", "/config")).expect(STOP),
    "no-requests": lambda some: journal().expect(STOP),
    "dropped": lambda some: journal(*upgrade(), limit=2).expect(STOP),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_lists_the_recorded_requests(name: str) -> None:
    import os

    with pytest.raises(UnmetExpectation) as unmet:
        FAILURES[name](upgrade())
    file = Path(__file__).parent / "failures" / f"{name}.txt"
    if os.environ.get("FLINKMOCK_UPDATE"):
        file.write_text(f"{unmet.value}\n", "utf-8")
    assert f"{unmet.value}\n" == file.read_text("utf-8")


def test_all_unmet_expectations_are_reported_at_once() -> None:
    from flinkmock.journal import Expectation, Unmatched

    with pytest.raises(AssertionError) as unmet:
        upgrade().check([Expectation(RequestMatcher.parse("DELETE /cluster"), location="s.yaml:7:3"), Unmatched()])
    message = str(unmet.value)
    assert message.startswith("s.yaml:7:3: expected DELETE /cluster at least once, but it was never sent.")
    assert "expected requests that match no operation never, but they were sent once." in message
    assert message.endswith("sent requests:\n       7 404 GET /jbos")


def test_text_that_names_no_requests() -> None:
    with pytest.raises(ValueError, match="is not a request pattern"):
        journal().expect("/jobs")


def test_it_is_bounded_and_reports_dropped_requests() -> None:
    some = journal(*(exchange("GET", f"/jobs?{i}") for i in range(25)), limit=10)
    assert (len(some), some.dropped) == (10, 15)
    assert some[0].number == 16
    assert str(some).startswith("… 15 older requests were dropped\n")
    assert repr(some) == "<Journal of 10 requests, 15 dropped>"
    some.clear()
    assert (len(some), some.dropped, repr(some)) == (0, 0, "<Journal of 0 requests>")


def test_waiting_for_a_request() -> None:
    some = journal(exchange("GET", "/jobs"))

    def send() -> None:
        for _ in range(3):
            time.sleep(0.02)
            some.add(exchange("GET", "/jobs"))

    client = threading.Thread(target=send)
    client.start()
    assert len(some.wait_for("GET /jobs", times=3, timeout=PATIENCE)) >= 3
    client.join()


def test_waiting_in_vain() -> None:
    some = journal(exchange("GET", "/jobs"))
    with pytest.raises(UnmetExpectation, match=r"after 0\.05 s: expected GET /overview .* was never sent"):
        some.wait_for("GET /overview", timeout=0.05)
    with pytest.raises(UnmetExpectation, match=r"after 0\.05 s: expected GET /jobs at least 2 times, .* sent once"):
        some.wait_for("GET /jobs", times=2, timeout=0.05)


def test_many_threads_write_and_nothing_gets_lost() -> None:
    some = Journal(limit=100)

    def write() -> None:
        for _ in range(200):
            some.add(exchange("GET", "/jobs"))

    writers = [threading.Thread(target=write) for _ in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (len(some), some.dropped) == (100, 900)
    assert [recorded.number for recorded in some] == list(range(901, 1001))
