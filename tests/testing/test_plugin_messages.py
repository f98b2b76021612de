"""The reports of failed tests."""

from __future__ import annotations

import pytest

from flinkmock import Contract
from flinkmock.journal import Exchange
from flinkmock.testing.unmatched_report import unmatched_report
from tests.pytest_options import NO_WORKERS, OPTIONS
from tests.testing.plugin_runs import run_tests


def test_an_unmet_expectation_shows_near_misses_and_their_differences(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
@pytest.mark.flinkmock({"jobs": {"orders": "streaming"}, "expect": [{"POST /jobs/:jobid/stop": "once"}]})
def test_it(flinkmock):
    send(flinkmock, f"/jobs/{flinkmock.job('orders').id}/savepoints", "POST", b"{}")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*expected POST /jobs/:jobid/stop once, but it was never sent.",
            "  nearest:",
            "       1 202 POST /jobs/*/savepoints {}",
            "         another path",
            "*- flinkmock -*",
            "Flink 2.3.0, clock 1s per request, at *s",
            "timeline:",
            "  * s  orders RUNNING",
            "requests:",
            "      1.0 s    1 202 POST /jobs/*/savepoints {}",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_unmatched_request_fails_the_test(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
JOB = "/jobs/0123456789abcdef0123456789abcdef"

@pytest.mark.flinkmock(flink="1.12")
def test_operation_of_later_releases(flinkmock):
    assert send(flinkmock, JOB + "/checkpoints", "POST", b"{}") == 404

@pytest.mark.flinkmock(flink="2.3")
def test_wrong_method_and_paths(flinkmock):
    send(flinkmock, JOB + "/vertices/0123456789abcdef0123456789abcdef/subtasktimes", "PATCH")
    send(flinkmock, "/job/overview")
    send(flinkmock, "/favicon.ico/unknown")

@pytest.mark.flinkmock(flink="2.2")
def test_operation_of_the_newest_release(flinkmock):
    send(flinkmock, JOB + "/rescales/summary")

@pytest.mark.flinkmock({"cluster": {"config": {"web.submit.enable": False}}})
def test_disabled_operation(flinkmock):
    send(flinkmock, "/jars")

def test_many(flinkmock):
    for number in range(7):
        send(flinkmock, f"/nowhere/{number}")
""",
    )
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(
        [
            "1 request matched no operation of Flink 1.12.5:",
            "       1 404 POST /jobs/0123456789abcdef0123456789abcdef/checkpoints {}",
            "         Flink 1.17 to 2.3 have this operation",
            "  If the test intends this, expect the requests or allow them:",
            '    flinkmock.requests.expect("POST /jobs/*/checkpoints") or @pytest.mark.flinkmock(unexpected="allow").',
            "*- flinkmock -*",
            "3 requests matched no operation of Flink 2.3.0:",
            "*1 404 PATCH /jobs/*/subtasktimes",
            "         the path exists with the method GET",
            "*2 404 GET /job/overview",
            "         did you mean GET /jobs/overview[?]",
            "*3 404 GET /favicon.ico/unknown",
            "  If the test intends this, expect the requests or allow them:",
            "*1 404 GET /jobs/*/rescales/summary",
            "         Flink 2.3 has this operation",
            "*1 404 GET /jars",
            "         the operation requires the configuration web.submit.enable: true",
            "*5 404 GET /nowhere/4",
            "    … and 2 more",
        ]
    )


@pytest.mark.parametrize(
    ("requests", "advice"),
    [
        ([("GET", "/a%20b")], '@pytest.mark.flinkmock(unexpected="allow").'),
        ([("get", "/a")], '@pytest.mark.flinkmock(unexpected="allow").'),
        (
            [("OPTIONS", "*"), ("GET", "/caf%C3%A9/%22?x=1")],
            'flinkmock.requests.expect("GET /café/\\"") or @pytest.mark.flinkmock(unexpected="allow").',
        ),
    ],
)
def test_the_report_suggests_only_patterns_that_match(requests: list[tuple[str, str]], advice: str) -> None:
    exchanges = [Exchange(method, target, status=404) for method, target in requests]
    assert unmatched_report(exchanges, Contract.load("2.3")).splitlines()[-1].strip() == advice


def test_unmatched_requests_can_be_expected_or_allowed(pytester: pytest.Pytester) -> None:
    tests = """
def test_expected(flinkmock):
    send(flinkmock, "/nowhere")
    flinkmock.requests.expect("GET /nowhere")

@pytest.mark.flinkmock({"expect": [{"unmatched": "2 times"}]})
def test_counted_by_the_scenario(flinkmock):
    send(flinkmock, "/nowhere")
    send(flinkmock, "/nowhere")

@pytest.mark.flinkmock({"faults": [{"times": 1, "reply": "leader-unavailable"}]})
def test_answered_by_a_fault(flinkmock):
    send(flinkmock, "/healthz")

@pytest.mark.flinkmock(unexpected="allow")
def test_allowed(flinkmock):
    send(flinkmock, "/nowhere")

def test_default(flinkmock):
    send(flinkmock, "/nowhere")

@pytest.mark.flinkmock(unexpected="fail")
def test_must_match(flinkmock):
    send(flinkmock, "/nowhere")
"""
    run_tests(pytester, tests).assert_outcomes(passed=4, failed=2)
    run_tests(pytester, tests, "-o", "flinkmock_unexpected=allow").assert_outcomes(passed=5, failed=1)


def test_a_failed_test_reports_its_cluster(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
@pytest.mark.flinkmock({"jobs": {"orders": {
    "lifecycle": [{"RUNNING": "20s"}, {"FAILING": {"duration": "1s", "exception": "broken"}}, "FAILED"],
}}, "exceptions": {"broken": {"class": "java.io.IOException", "message": "disk full"}}})
def test_it(flinkmock):
    orders = flinkmock.job("orders")
    flinkmock.run_until(orders="RUNNING")
    send(flinkmock, f"/jobs/{orders.id}/savepoints", "POST", b'{"target-directory": "s3://saved"}')
    for _ in range(25):
        send(flinkmock, f"/jobs/{orders.id}/status")
    assert send(flinkmock, "/jobs/overview") == "fine"
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- flinkmock -*",
            "Flink 2.3.0, clock 1s per request, at *s",
            "timeline:",
            "      0.0 s  orders INITIALIZING",
            "* s  orders RUNNING",
            "* s  orders savepoint s3://saved/savepoint-*",
            "* s  orders FAILED",
            "* s  orders fails: java.io.IOException: disk full",
            "requests:",
            '* s    1 202 POST /jobs/*/savepoints {"target-directory": "s3://saved"}',
            "* s    2 200 GET /jobs/*/status  (25 times, until *s)",
            "* s   27 200 GET /jobs/overview",
        ]
    )


def test_a_failed_test_gets_hints_about_its_requests(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
import flinkmock as package

@pytest.mark.flinkmock({"jobs": {"orders": "streaming"}}, flink="1.20")
def test_it(flinkmock):
    job = flinkmock.job("orders").id
    send(flinkmock, f"/v1/{job}/stop", "POST", b"{}")
    send(flinkmock, f"/jobs/{job}", "DELETE")
    send(flinkmock, "/jobs/overview", "POST")
    send(flinkmock, f"/jobs/{job}/savepoints", "POST", b'{"format-type": "NATIVE", "x": 1}')
    upload(flinkmock.url, package.small_jar("").replace(b"Main-Class", b"Other-Name"))
    send(flinkmock, f"/jars/{jar}/run", "POST", b"{}")
    raise RuntimeError("the client gives up")

jar = ""
def upload(url, content):
    import httpx
    global jar
    jar = httpx.post(url + "/jars/upload", files={"jarfile": ("a.jar", content)}).json()["filename"].rpartition("/")[2]
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*RuntimeError: the client gives up",
            "requests:",
            "*404 POST /v1/*/stop {}",
            "                     did you mean POST /jobs/:jobid/stop[?]",
            "*404 DELETE /jobs/*",
            "                     the path exists with the methods GET and PATCH",
            "*404 POST /jobs/overview",
            "                     the path exists with the method GET",
            "*202 POST /jobs/*/savepoints *",
            "                     Flink 1.20 does not read the field x of POST /jobs/:jobid/savepoints.",
            "*POST /jars/*/run {}",
            '                     flinkmock.small_jar("org.example.Main") returns a jar with that class, for tests',
        ]
    )


def test_a_failed_setup_reports_its_clusters(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
@pytest.fixture
def deployed(flinkmock_factory):
    first, second = flinkmock_factory(flink="1.20"), flinkmock_factory({"jobs": {"orders": "streaming"}})
    send(second, "/jobs/overview")
    raise RuntimeError("not deployed")

def test_it(deployed): ...
""",
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "*not deployed",
            "*- flinkmock -*",
            "Flink 1.20.5, *",
            "no requests",
            "*- flinkmock -*",
            "*200 GET /jobs/overview",
        ]
    )


def test_a_client_that_polls_while_a_virtual_clock_stands_still_gets_a_hint(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
@pytest.mark.flinkmock({"jobs": {"report": "batch"}}, clock="virtual")
def test_it(flinkmock):
    flinkmock.advance("5s")
    for _ in range(3):
        assert "FINISHED" not in send(flinkmock, "/jobs/overview")
    raise TimeoutError("report did not finish")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "The client sent GET /jobs/overview 3 times at 5.0 s and got the same response: "
            "the virtual clock only advances when the test advances it.",
            'Let requests advance it (clock="1s per request", the default of the fixture), or advance it in the test: '
            'flinkmock.advance("1m"), flinkmock.clock.next(), flinkmock.run_until(NAME="FINISHED").',
        ]
    )


@pytest.mark.parametrize("clock", ["1s per request", "real"])
def test_a_client_that_polls_under_another_clock_gets_no_hint(pytester: pytest.Pytester, clock: str) -> None:
    result = run_tests(
        pytester,
        f"""
@pytest.mark.flinkmock({{"jobs": {{"report": "batch"}}}}, clock={clock!r})
def test_it(flinkmock):
    for _ in range(30):
        send(flinkmock, "/overview")
    raise TimeoutError
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*got the same response*")


def test_the_traceback_of_an_error_of_flinkmock_ends_in_the_test(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
def test_it(flinkmock):
    flinkmock.run_until(orders="RUNNING")
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['E *There is no job with the name or id "orders". Jobs: none.'])
    assert "cluster_control.py" not in result.stdout.str()
    result = pytester.runpytest_inprocess(*OPTIONS, *NO_WORKERS, "--full-trace")
    assert "cluster_control.py" in result.stdout.str()


def test_each_test_reports_its_own_requests_to_the_session_cluster(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
def test_one(flinkmock_session):
    send(flinkmock_session, "/nowhere")

def test_two(flinkmock_session):
    send(flinkmock_session, "/overview")

def test_three(flinkmock_session):
    send(flinkmock_session, "/config")
    raise RuntimeError
""",
    )
    result.assert_outcomes(failed=2, passed=1)
    section = result.stdout.str().partition("test_three")[2]
    assert "3 200 GET /config" in section
    assert "/overview" not in section.partition("short test summary")[0]
