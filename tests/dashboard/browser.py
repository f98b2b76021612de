"""A headless Chromium that collects the errors of a page: messages on its console, and requests that failed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.timeouts import TEST_TIMEOUT_S

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --no-proxy-server --window-size=1400,900"
)
PROGRAM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing_requirement() -> str | None:
    """Return what is missing on this machine for a browser; None if a browser can be started."""
    if find_spec("selenium") is None:
        return "selenium is not installed (pip install 'flinkmock[browser]')"
    if not _chromium_path() or not shutil.which("chromedriver"):
        return "no Chromium with its chromedriver is installed (apt-get install chromium chromium-driver)"
    return None


def _chromium_path() -> str | None:
    return next((path for name in PROGRAM_NAMES if (path := shutil.which(name))), None)


class Browser:
    """A running Chromium. `profile` is an empty folder for its files."""

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = _chromium_path() or ""
        for flag in (*FLAGS.split(), f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self._urls_by_request_id: dict[str, str] = {}

    def close(self) -> None:
        self.driver.quit()

    def open(self, url: str) -> None:
        """Load a page, even if it is already open, and forget the errors of the previous one."""
        self.driver.get("about:blank")
        self.take_errors()
        self.driver.get(url)

    @property
    def text(self) -> str:
        """The text of the page and of its text fields, with single spaces."""
        page_text = self.driver.execute_script("return document.body.innerText")
        fields = self.driver.execute_script(
            "return [...document.querySelectorAll('input, textarea')].map(field => field.value).join(' ')"
        )
        return " ".join(f"{page_text} {fields}".replace("\u00a0", " ").split())

    def wait_for(self, *texts: str) -> None:
        """Wait until the page shows all texts. Raises AssertionError if one of them doesn't appear in time."""
        self.wait_until(
            lambda: all(text in self.text for text in texts), lambda: f"{texts} did not appear: {self.text}"
        )

    def click(self, selector: str, text: str = "") -> None:
        """Click on the last visible element with this CSS selector and text. Wait until there is one."""
        from selenium.common.exceptions import WebDriverException

        def click_if_visible() -> bool:
            try:
                for element in reversed(self.driver.find_elements("css selector", selector)):
                    if element.is_displayed() and element.text.strip() == text:
                        element.click()
                        return True
            except WebDriverException:
                pass  # the page moves or replaces the element at this moment
            return False

        self.wait_until(click_if_visible, lambda: f"no visible element: {selector} {text}")

    def take_errors(self) -> list[str]:
        """Return the errors since the last call."""
        messages = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        for entry in self.driver.get_log("performance"):
            message: dict[str, Any] = json.loads(entry["message"])["message"]
            event = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                self._urls_by_request_id[event["requestId"]] = event["request"]["url"]
            elif message["method"] == "Network.responseReceived" and event["response"]["status"] >= 400:
                messages.append(f"{event['response']['status']} {event['response']['url']}")
            elif message["method"] == "Network.loadingFailed" and not event.get("canceled"):
                messages.append(f"{event['errorText']} {self._urls_by_request_id.get(event['requestId'])}")
        return messages

    def wait_until(self, condition: Callable[[], bool], failure_message: Callable[[], str]) -> None:
        deadline = time.monotonic() + TEST_TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, failure_message()
            time.sleep(0.2)
