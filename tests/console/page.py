"""Drives the console in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.dashboard.browser import Browser


class ConsolePage:
    """The console of the cluster at `url`."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.driver = browser.driver
        self.url = url

    def open(self) -> None:
        """Load the page, at a desktop's size, and wait until it shows the cluster."""
        self.resize(1280, 1000)
        self.browser.open(f"{self.url}/__flinkmock__/")
        self.wait_for("live")

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def press(self, text: str, label: str = "") -> None:
        """Click the button with this text. `label` is its accessible name, if that differs from the text."""
        self.browser.click(f'button[aria-label="{label}"]' if label else "button", text)

    def fill(self, selector: str, value: str) -> None:
        """Replace the text of a field, or choose an option."""
        field = self.driver.find_element("css selector", selector)
        if field.tag_name == "select":
            from selenium.webdriver.support.select import Select

            Select(field).select_by_value(value)
        else:
            field.clear()
            field.send_keys(value)

    def wait_for(self, *texts: str) -> None:
        self.browser.wait_for(*texts)

    def wait_until(self, condition: Callable[[], bool], message: str) -> None:
        self.browser.wait_until(condition, lambda: f"{message}: {self.browser.text}")

    def text(self, selector: str) -> str:
        """Return the text of an element, such as an SVG picture."""
        script = "return document.querySelector(arguments[0])?.textContent ?? ''"
        return str(self.driver.execute_script(script, selector))

    def is_wider_than_window(self) -> bool:
        """Return whether the page is wider than the window."""
        return bool(self.driver.execute_script("return document.documentElement.scrollWidth > innerWidth"))

    @property
    def timeline(self) -> str:
        """The text of the timeline, with tooltips."""
        return self.text("#timeline svg")

    @property
    def foreign_requests(self) -> list[str]:
        """The requests of the page to other servers."""
        names: list[Any] = self.driver.execute_script("return performance.getEntries().map(entry => entry.name)")
        return [name for name in names if "://" in name and not name.startswith((self.url, "about:"))]
