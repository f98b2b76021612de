"""Each action of the console in a browser, and its effect on the page and on the cluster."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from flinkmock import FlinkMock
from tests.console.page import ConsolePage
from tests.console.screenshots import send_requests
from tests.timeouts import TEST_TIMEOUT_S

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("console")]


def send_get(url: str) -> None:
    with urllib.request.urlopen(url, timeout=TEST_TIMEOUT_S) as response:
        json.load(response)


def test_the_page_says_that_the_cluster_is_a_fake(console: ConsolePage) -> None:
    console.wait_for("This is not Flink: Flink 2.3.0 is simulated, and no job runs.")
    assert console.driver.title == "flinkmock: Flink 2.3.0 (fake)"
    assert console.browser.take_errors() == []


def test_the_root_page_opens_the_console(console: ConsolePage) -> None:
    console.browser.open(console.url)
    console.wait_for("live", "orders")
    assert console.driver.current_url == f"{console.url}/__flinkmock__/"
    assert console.browser.take_errors() == []


def test_the_list_of_built_in_scenarios_is_read_again_after_a_failure(console: ConsolePage) -> None:
    fail_first_request = """
      const fetchUnchanged = window.fetch;
      window.failureCount = 0;
      window.fetch = (url, options) => url.endsWith("/scenarios") && !window.failureCount++
        ? Promise.reject(new TypeError("no connection")) : fetchUnchanged(url, options);
    """
    driver = console.driver
    script = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": fail_first_request})
    try:
        console.open()
    finally:
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    console.wait_until(lambda: "demo" in console.text('#load [name="scenario"]'), "no scenario is listed")
    assert driver.execute_script("return window.failureCount") == 2


def test_the_clock_is_advanced_and_its_mode_is_changed(console: ConsolePage, flink: FlinkMock) -> None:
    console.press("+10s")
    console.wait_for("00:00:10.000 2026-01-01", "+10s")
    console.press("+1m")
    console.wait_for("00:01:10.000", "Next event, in 20s")
    console.press("+5m")
    console.wait_for("00:06:10.000", "No next event")
    console.press("Reset")
    console.wait_for("00:00:00.000")
    console.driver.find_element("id", "next-event").click()
    console.wait_until(lambda: 0 < flink.clock.now() - flink.engine.started_at < 1000, "the clock did not move")
    console.fill("#mode", "10x")
    console.wait_for("The clock is 10x.")
    assert flink.clock.text == "10x"


def test_the_clock_runs_until_a_job_is_in_a_state(console: ConsolePage, flink: FlinkMock) -> None:
    console.fill('#run-until [name="job"]', "orders")
    console.fill('#run-until [name="state"]', "RESTARTING")
    console.press("Run until")
    console.wait_for("orders is RESTARTING.", "FlinkRuntimeException: Could not deserialize record at offset 4711")
    console.fill('#run-until [name="state"]', "FINISHED")
    console.press("Run until")
    console.wait_for("The state FINISHED of orders can never be reached", "last-order awaited now")


def test_a_signal_is_sent(console: ConsolePage, flink: FlinkMock) -> None:
    flink.advance("2m")
    console.wait_for("last-order awaited now")
    console.press("Send", "Send signal last-order")
    console.wait_for("Signal last-order is sent.", "last-order not awaited")
    assert flink.job("orders").state == "FINISHED"


def test_the_timeline_shows_jobs_operations_faults_and_processes(console: ConsolePage, flink: FlinkMock) -> None:
    send_requests(flink)
    console.wait_until(lambda: "slow savepoint" in console.timeline, "the timeline lacks the fault")
    for text in ("orders: RESTARTING", "savepoint completed", "checkpoint 3 failed", "TaskManager joins", "1 hit"):
        assert text in console.timeline
    label = console.driver.find_element("css selector", "#timeline svg").get_attribute("aria-label")
    assert label.endswith("after the start: nightly-report is FINISHED, orders is RUNNING")
    console.fill("#span", "60000")
    assert "orders: RUNNING" in console.timeline and "nightly-report: INITIALIZING" not in console.timeline


def test_jobs_are_submitted_failed_restarted_finished_and_cancelled(console: ConsolePage, flink: FlinkMock) -> None:
    flink.advance("5s")
    console.fill('#submit [name="name"]', "report")
    console.fill('#submit [name="template"]', "streaming")
    console.press("Submit job")
    console.wait_for("report is submitted.")
    console.press("+10s")
    console.press("Fail…", "Fail report")
    console.wait_for("Fail report", "Exception")
    console.fill('#fail-dialog [name="class"]', "java.io.IOException")
    console.fill('#fail-dialog [name="message"]', "disk full")
    console.press("Throw it")
    console.wait_for("java.io.IOException: disk full", "RESTARTING")
    assert flink.job("report").job.failures[-1].exception.message == "disk full"
    console.press("+10s")
    console.press("Restart", "Restart orders")
    console.wait_for("orders restarts.")
    console.press("+10s")
    console.press("Finish", "Finish report")
    console.wait_for("report finishes.", "FINISHED")
    console.press("Cancel", "Cancel orders")
    console.wait_for("orders is cancelled.")
    console.press("+10s")
    console.wait_for("CANCELED")
    assert [job.state for job in flink.jobs] == ["FINISHED", "CANCELED", "FINISHED"]


def test_a_dialog_can_be_cancelled(console: ConsolePage, flink: FlinkMock) -> None:
    flink.advance("5s")
    console.wait_for("RUNNING")
    console.press("Fail…", "Fail orders")
    console.press("Keep running")
    console.press("+10s")
    assert flink.job("orders").state == "RUNNING"


def test_faults_are_added_and_removed_and_mistakes_are_shown(console: ConsolePage, flink: FlinkMock) -> None:
    console.fill("#fault", "name: hide\nmatch: GET /jobs\nreply: {status: 503}\n")
    console.press("Add fault")
    console.wait_for("Added: hide.", "match: GET /jobs")
    with pytest.raises(urllib.error.HTTPError) as rejected:
        send_get(f"{flink.url}/jobs")
    rejected.value.close()
    console.wait_for("1 hit")
    console.press("Remove", "Remove fault hide")
    console.wait_for("Fault hide is removed.")
    assert [fault.name for fault in flink.faults] == ["flaky list", "slow savepoint"]
    console.fill("#fault", "match: GET /jobs\nreply: {status: [}\n")
    console.press("Add fault")
    console.wait_for("This is not valid:", "2:")


def test_taskmanagers_join_and_are_lost_and_the_leader_crashes(console: ConsolePage, flink: FlinkMock) -> None:
    first = next(iter(flink.taskmanagers))
    console.press("Lose", f"Lose TaskManager {first}")
    console.wait_for(f"TaskManager {first} is lost.")
    console.press("Add a TaskManager")
    console.wait_for("joins.")
    assert len(flink.taskmanagers) == 2 and first not in flink.taskmanagers
    console.press("Crash for 5 s")
    console.wait_for("No JobManager is the leader.")
    console.press("+10s")
    console.wait_for("JobManager 0 is the leader.")


def test_scenarios_are_loaded_and_edited_and_mistakes_are_shown(console: ConsolePage, flink: FlinkMock) -> None:
    console.fill('#load [name="scenario"]', "crash-loop.yaml")
    console.wait_for("A job that fails and restarts")
    console.press("Load")
    console.wait_for("crash-loop.yaml is loaded.")
    assert flink.scenario is not None and flink.scenario["name"] == "crash loop"
    console.browser.click("summary", "Text of the current scenario")
    console.wait_for("name: crash loop")
    console.fill("#scenario-text", "jobs:\n  returns: streming\n")
    console.press("Use this scenario")
    console.wait_for("This is not valid:", '2:12 no template "streming"')
    console.fill("#scenario-text", "clock: virtual\njobs:\n  returns: streaming\n")
    console.press("Use this scenario")
    console.wait_for("The scenario is replaced.")
    assert [job.name for job in flink.jobs] == ["returns"]


def test_snapshots_are_taken_restored_and_deleted(console: ConsolePage, flink: FlinkMock) -> None:
    flink.advance("10s")
    console.press("Take a snapshot")
    console.wait_for("The snapshot is taken.")
    console.press("+5m")
    console.wait_for("00:05:10.000")
    console.press("Restore", "Restore snapshot s1")
    console.wait_for("The cluster is back at +10s.", "00:00:10.000")
    console.press("Delete", "Delete snapshot s1")
    console.wait_for("The snapshot is deleted.", "A snapshot keeps everything")


def test_requests_are_listed_filtered_and_cleared(console: ConsolePage, flink: FlinkMock) -> None:
    console.wait_for("No client has sent a request yet.")
    send_get(f"{flink.url}/overview")
    send_get(f"{flink.url}/jobs/{flink.job('orders').id}?verbose=1")
    console.wait_for("GET /overview", "does not read the query parameter verbose")
    console.press("▸ 1", "Details of request 1")
    console.wait_for("getClusterOverview", "User-Agent: Python-urllib")
    console.press("▾ 1", "Details of request 1")
    console.browser.click("#problems")
    console.wait_for("1 of 2")
    console.browser.click("#problems")
    console.fill("#filter", "overview 200")
    console.wait_for("1 of 2")
    console.fill("#filter", "nothing like it")
    console.wait_for("No request matches.")
    console.press("Clear")
    console.wait_for("The journal is empty.", "No client has sent a request yet.")
    assert len(flink.requests) == 0


def test_expectations_are_shown(console: ConsolePage) -> None:
    console.wait_for("not met yet", "POST /jobs/:jobid/stop once")


def test_the_page_can_be_used_with_the_keyboard_only(console: ConsolePage, flink: FlinkMock) -> None:
    from selenium.webdriver import ActionChains, Keys

    def focused_text() -> str:
        return str(console.driver.execute_script("return document.activeElement.textContent"))

    console.driver.execute_script("document.body.focus()")
    focused = []
    while "+10s" not in focused:
        ActionChains(console.driver).send_keys(Keys.TAB).perform()
        focused.append(focused_text())
        assert len(focused) < 12, focused
    assert focused[0] == "Skip to the cluster"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert console.driver.execute_script(outline) == "solid"
    ActionChains(console.driver).send_keys(Keys.ENTER).perform()
    console.wait_for("00:00:10.000")
    assert focused_text() == "+10s"


def test_a_list_that_changes_keeps_the_focus(console: ConsolePage, flink: FlinkMock) -> None:
    flink.advance("5s")
    console.wait_for("RUNNING")
    script = "document.querySelector('[aria-label=\"Cancel orders\"]').focus()"
    console.driver.execute_script(script)
    flink.jobs.submit("more")
    console.wait_for("more")
    label = console.driver.execute_script("return document.activeElement.getAttribute('aria-label')")
    assert label == "Cancel orders"


def test_every_control_has_an_accessible_name(console: ConsolePage, flink: FlinkMock) -> None:
    send_requests(flink)
    console.wait_for("slow savepoint")
    nameless = console.driver.execute_script(
        """const isNamed = (control) => control.ariaLabel || control.labels?.length
             || control.matches("button") && control.textContent.trim();
           const controls = [...document.querySelectorAll("button, input, select, textarea")];
           return controls.filter((control) => !isNamed(control)).map((control) => control.outerHTML);"""
    )
    assert nameless == []


@pytest.mark.parametrize("width", [1280, 768, 390, 320])
def test_the_page_never_scrolls_sideways(console: ConsolePage, flink: FlinkMock, width: int) -> None:
    send_requests(flink)
    console.resize(width, 900)
    console.wait_for("slow savepoint", "nohex")
    console.press("▸ 7", "Details of request 7")
    console.wait_for("triggerCheckpoint")
    assert not console.is_wider_than_window()


def test_a_closed_cluster_is_reported(console: ConsolePage, flink: FlinkMock) -> None:
    flink.close()
    console.wait_for("The cluster does not answer.")
    console.press("+10s")
    console.wait_for("Failed to fetch")


def test_the_page_asks_for_a_token_unless_the_address_contains_it(console: ConsolePage, flink: FlinkMock) -> None:
    from flinkmock.control.access import Access
    from flinkmock.server.control_server import ControlServer

    assert flink._server is not None and flink._server._listeners is not None
    control = flink._server._listeners._control
    assert isinstance(control, ControlServer)
    control.api._access = Access(token="secret")
    console.wait_for("This cluster needs a token")
    console.fill('#token-dialog [name="token"]', "wrong")
    console.press("Use token")
    console.wait_for("This cluster needs a token")
    console.fill('#token-dialog [name="token"]', "secret")
    console.press("Use token")
    console.press("+10s")
    console.wait_for("00:00:10.000", "live")
    console.driver.execute_script("sessionStorage.clear()")
    console.browser.open(f"{console.url}/__flinkmock__/#token=secret")
    console.wait_for("live", "orders")
    assert console.driver.current_url == f"{console.url}/__flinkmock__/"
