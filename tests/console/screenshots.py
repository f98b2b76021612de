"""Writes the screenshots of the console to docs/screenshots: `python -m tests.console.screenshots`."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from flinkmock import FlinkMock
from tests.dashboard.browser import Browser, missing_requirement
from tests.timeouts import TEST_TIMEOUT_S

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SCENARIO = Path(__file__).with_name("scenario.yaml")


def send_requests(cluster: FlinkMock) -> None:
    """Send the requests of a client to the cluster of scenario.yaml, and advance its clock."""
    job = cluster.job("orders").id
    with httpx.Client(base_url=cluster.url, timeout=TEST_TIMEOUT_S) as client, ThreadPoolExecutor(1) as executor:
        for _ in range(6):
            client.get("/jobs/overview")
            cluster.advance("11s")
        client.post(f"/jobs/{job}/checkpoints", json={})
        cluster.advance("1m")
        cluster.taskmanagers.add()
        savepoint = executor.submit(
            client.post, f"/jobs/{job}/savepoints", json={"target-directory": "s3://savepoints"}
        )
        while not savepoint.done():
            cluster.advance("1s")
            time.sleep(0.05)
        client.get("/jobs/nohex")
        client.get(f"/jobs/{job}?verbose=1")
    cluster.advance("25s")


def resize(browser: Browser, width: int, height: int, *, dark: bool = False, scale: float = 1) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def main() -> int:
    if missing := missing_requirement():
        print(f"There is no browser: {missing}.", file=sys.stderr)
        return 2
    cluster = FlinkMock(SCENARIO)  # not a `with` block, because the expectation is not met
    with tempfile.TemporaryDirectory() as profile, contextlib.closing(cluster.start()):
        send_requests(cluster)
        browser = Browser(Path(profile))
        try:
            resize(browser, 1280, 1000)
            browser.open(f"{cluster.url}/__flinkmock__/")
            browser.wait_for("live", "orders", "flaky list")
            time.sleep(2)
            for name, width, height, dark, scale in (
                ("console", 1280, 1000, False, 1),
                ("console-dark", 1280, 1000, True, 1),
                ("console-phone", 390, 844, False, 2),
            ):
                resize(browser, width, height, dark=dark, scale=scale)
                time.sleep(1)
                browser.driver.save_screenshot(str(FOLDER / f"{name}.png"))
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
