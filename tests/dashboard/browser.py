"""A headless Chromium that remembers what went wrong on a page: errors on the console, requests that failed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --no-proxy-server --window-size=1400,900"
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 30.0
"""Seconds until a page must show what it is to show."""


def what_is_missing() -> str | None:
    """Why no browser can be started here, or None."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed (pip install 'flinkmock[browser]')"
    if not _program() or not shutil.which("chromedriver"):
        return "no Chromium with its chromedriver is installed (apt-get install chromium chromium-driver)"
    return None


def _program() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    def __init__(self, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = _program() or ""
        for flag in (*FLAGS.split(), f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self._url_of_request: dict[str, str] = {}

    def close(self) -> None:
        self.driver.quit()

    def open(self, url: str) -> None:
        """Open a page from a blank one, so that it is loaded again."""
        self.driver.get("about:blank")
        self.troubles()
        self.driver.get(url)

    @property
    def text(self) -> str:
        """The text of the page with single blanks, text fields and editors included."""
        page_text = self.driver.execute_script("return document.body.innerText")
        fields = self.driver.execute_script(
            "return [...document.querySelectorAll('input, textarea')].map(f => f.value).join(' ')"
        )
        return " ".join(f"{page_text} {fields}".replace("\u00a0", " ").split())

    def wait_for(self, *texts: str) -> None:
        """Raises AssertionError when one of them doesn't appear in time."""
        self._until(lambda: all(text in self.text for text in texts), lambda: f"{texts} did not appear: {self.text}")

    def click(self, selector: str, text: str = "") -> None:
        """The last element shown that fits the CSS selector and has this text, as soon as there is one."""
        from selenium.common.exceptions import WebDriverException

        def clicked() -> bool:
            try:
                for element in reversed(self.driver.find_elements("css selector", selector)):
                    if element.is_displayed() and element.text.strip() == text:
                        element.click()
                        return True
            except WebDriverException:
                pass  # it moves, or is drawn again at this moment
            return False

        self._until(clicked, lambda: f"nothing to click at: {selector} {text}")

    def troubles(self) -> list[str]:
        """Return the errors since the last call."""
        messages = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        for entry in self.driver.get_log("performance"):
            message: dict[str, Any] = json.loads(entry["message"])["message"]
            event = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                self._url_of_request[event["requestId"]] = event["request"]["url"]
            elif message["method"] == "Network.responseReceived" and event["response"]["status"] >= 400:
                messages.append(f"{event['response']['status']} {event['response']['url']}")
            elif message["method"] == "Network.loadingFailed" and not event.get("canceled"):
                messages.append(f"{event['errorText']} {self._url_of_request.get(event['requestId'])}")
        return messages

    def _until(self, condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, complaint()
            time.sleep(0.2)
