"""Queries and expectations of the journal, and their failure messages."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from flinkmock.journal import CountRange, Expectation, Journal, Unmatched, UnmetExpectation
from flinkmock.journal.expectation import RequestMatcher
from tests.journal.exchange_factory import JOB_ID, make_exchange, make_journal
from tests.timeouts import TEST_TIMEOUT_S

STOP = "POST /jobs/:jobid/stop"


def upgrade_journal() -> Journal:
    """Return the journal of a client that uploads a jar, stops a job twice with a savepoint, and cancels it."""
    return make_journal(
        make_exchange("GET", "/jobs/overview"),
        make_exchange("POST", "/jars/upload", files=("orders.jar",)),
        make_exchange(
            "POST", f"/jobs/{JOB_ID}/stop", {"drain": False, "targetDirectory": "s3://sp/1"}, 202, fault="lost"
        ),
        make_exchange("POST", f"/jobs/{JOB_ID}/stop", {"drain": True, "targetDirectory": "s3://sp/2"}, 202),
        make_exchange("GET", f"/jobs/{JOB_ID}/savepoints/{'a' * 32}"),
        make_exchange("PATCH", f"/jobs/{JOB_ID}?mode=cancel", status=202),
        make_exchange("GET", "/jbos", status=404),
    )


def test_a_journal_is_a_sequence() -> None:
    journal = upgrade_journal()
    assert len(journal) == 7
    assert journal[0].target == "/jobs/overview"
    assert [exchange.number for exchange in journal] == [1, 2, 3, 4, 5, 6, 7]
    assert [exchange.method for exchange in journal[1:3]] == ["POST", "POST"]


def test_requests_are_counted_and_matched() -> None:
    journal = upgrade_journal()
    assert journal.count(STOP) == 2
    assert journal.count(STOP, body={"drain": True}) == 1
    assert journal.count(STOP, body={"targetDirectory": "s3://*"}) == 2
    assert journal.count("PATCH /jobs/:jobid", query={"mode": "cancel"}) == 1
    assert journal.count("PATCH /jobs/:jobid", query={"mode": "stop"}) == 0
    assert journal.count("GET /jobs/:jobid") == 0
    assert journal.count(f"GET /jobs/{JOB_ID}/savepoints/:triggerid", status=200) == 1
    assert [exchange.number for exchange in journal.matching(STOP)] == [3, 4]
    assert [exchange.target for exchange in journal.unmatched] == ["/jbos"]


def test_unmatched_requests_are_unexpected_until_a_test_expects_them() -> None:
    journal = make_journal(
        make_exchange("GET", "/jobs/overview"),
        make_exchange("GET", "/", status=200, is_page=True),
        make_exchange("GET", "/assets/logo.svg", status=503, is_page=True),
        make_exchange("GET", "/jbos", status=404),
        make_exchange("POST", "/jobs/overview", status=404),
        make_exchange("GET", "/healthz", status=503, fault="a proxy in front"),
        make_exchange("GET", "/jobs/nohex", status=400),
    )
    assert [exchange.number for exchange in journal.unexpected] == [4, 5]
    journal.expect("GET /jbos", times=1)
    assert [exchange.number for exchange in journal.unexpected] == [5]
    journal.check([Unmatched(CountRange.parse(3))])
    assert journal.unexpected == ()
    journal.clear()
    journal.add(make_exchange("GET", "/jbos", status=404))
    assert len(journal.unexpected) == 1
    journal.wait_for("GET /jbos", timeout=TEST_TIMEOUT_S)
    assert journal.unexpected == ()


def test_a_request_is_shown_in_one_line() -> None:
    exchange = make_exchange("POST", "/jobs/a/stop", status=202, number=7, fault="lost", files=("a.jar",))
    exchange.body_bytes = b'{\n  "drain": true\n}\n'
    assert str(exchange) == '   7 202 POST /jobs/a/stop { "drain": true } [a.jar] (lost)'


def test_a_met_expectation_returns_the_requests() -> None:
    journal = upgrade_journal()
    assert len(journal.expect(STOP)) == 2
    assert len(journal.expect(STOP, times="2 times")) == 2
    assert len(journal.expect(STOP, times=1, body={"drain": True})) == 1
    assert journal.expect("DELETE /cluster", times="never") == []
    journal.expect_in_order("POST /jars/upload", STOP, STOP, "PATCH /jobs/:jobid")


def test_bodies_are_compared_as_json() -> None:
    journal = make_journal(
        make_exchange("POST", f"/jobs/{JOB_ID}/stop", {"drain": True, "more": {"list": [1, {"a": "b", "c": 1}]}})
    )
    assert journal.count(STOP, body={"more": {"list": [1, {"a": "b"}]}}) == 1
    assert journal.count(STOP, body={"more": {"list": [1]}}) == 0
    assert journal.count(STOP, body={"drain": 1}) == 0
    assert journal.count(STOP, body={}) == 1
    assert make_journal(make_exchange("POST", f"/jobs/{JOB_ID}/stop", body_bytes=b"{no json")).count(STOP, body={}) == 0


FAILING_CHECKS = {
    "too-often": lambda journal: journal.expect(STOP, times=1),
    "never-sent": lambda journal: journal.expect("POST /jars/:jarid/run", times="once"),
    "another-body": lambda journal: journal.expect(STOP, times=1, body={"drain": "yes", "savepointId": "x"}),
    "another-query": lambda journal: journal.expect("PATCH /jobs/:jobid", query={"mode": "stop", "force": True}),
    "another-status": lambda journal: journal.expect("POST /jars/upload", status=400),
    "another-method": lambda journal: journal.expect("DELETE /jobs/:jobid/stop"),
    "expected-never": lambda journal: journal.expect("PATCH /jobs/:jobid", times="never"),
    "out-of-order": lambda journal: journal.expect_in_order(STOP, "POST /jars/upload"),
    "nothing-similar": lambda journal: journal.expect("DELETE /cluster"),
    "only-request-not-similar": lambda journal: make_journal(make_exchange("GET", "/config")).expect(STOP),
    "no-requests": lambda journal: make_journal().expect(STOP),
    "dropped": lambda journal: make_journal(*upgrade_journal(), limit=2).expect(STOP),
}


@pytest.mark.parametrize("name", FAILING_CHECKS)
def test_the_message_of_an_unmet_expectation(name: str) -> None:
    with pytest.raises(UnmetExpectation) as unmet:
        FAILING_CHECKS[name](upgrade_journal())
    file = Path(__file__).parent / "failures" / f"{name}.txt"
    if os.environ.get("FLINKMOCK_UPDATE"):
        file.write_text(f"{unmet.value}\n", "utf-8")
    assert f"{unmet.value}\n" == file.read_text("utf-8")


def test_all_unmet_expectations_are_reported_at_once() -> None:
    with pytest.raises(AssertionError) as unmet:
        upgrade_journal().check(
            [Expectation(RequestMatcher.parse("DELETE /cluster"), location="s.yaml:7:3"), Unmatched()]
        )
    message = str(unmet.value)
    assert message.startswith("s.yaml:7:3: expected DELETE /cluster at least once, but it was never sent.")
    assert "requests that match no operation: expected never, but they were sent once." in message
    assert message.endswith("sent requests:\n       7 404 GET /jbos")


def test_a_request_without_a_method_is_rejected() -> None:
    with pytest.raises(ValueError, match="is not a request pattern"):
        make_journal().expect("/jobs")


def test_a_journal_is_bounded_and_reports_dropped_requests() -> None:
    journal = make_journal(*(make_exchange("GET", f"/jobs?{i}") for i in range(25)), limit=10)
    assert (len(journal), journal.dropped) == (10, 15)
    assert journal[0].number == 16
    assert str(journal).startswith("… 15 older requests were dropped\n")
    assert repr(journal) == "<Journal of 10 requests, 15 dropped>"
    journal.clear()
    assert (len(journal), journal.dropped, repr(journal)) == (0, 0, "<Journal of 0 requests>")


def test_waiting_returns_when_the_requests_have_been_sent() -> None:
    journal = make_journal(make_exchange("GET", "/jobs"))

    def send() -> None:
        for _ in range(3):
            time.sleep(0.02)
            journal.add(make_exchange("GET", "/jobs"))

    client = threading.Thread(target=send)
    client.start()
    assert len(journal.wait_for("GET /jobs", times=3, timeout=TEST_TIMEOUT_S)) >= 3
    client.join()


def test_waiting_fails_after_the_timeout() -> None:
    journal = make_journal(make_exchange("GET", "/jobs"))
    with pytest.raises(UnmetExpectation, match=r"after 0\.05 s: expected GET /overview .* was never sent"):
        journal.wait_for("GET /overview", timeout=0.05)
    with pytest.raises(UnmetExpectation, match=r"after 0\.05 s: expected GET /jobs at least 2 times, .* sent once"):
        journal.wait_for("GET /jobs", times=2, timeout=0.05)


def test_requests_that_many_threads_add_are_numbered_without_gaps() -> None:
    journal = Journal(limit=100)

    def write() -> None:
        for _ in range(200):
            journal.add(make_exchange("GET", "/jobs"))

    writers = [threading.Thread(target=write) for _ in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (len(journal), journal.dropped) == (100, 900)
    assert [exchange.number for exchange in journal] == list(range(901, 1001))
