"""Writes the screenshots of Flink's dashboard to docs/screenshots: `python -m tests.dashboard.screenshots`.

FLINKMOCK_DIST names a flink-dist jar of the newest release, or a folder with one. If it is not set, the dashboard is
found as by `flinkmock serve --dashboard`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from flinkmock import FlinkMock
from tests.dashboard.browser import Browser, missing_requirement

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"


def main() -> int:
    if missing := missing_requirement():
        print(f"There is no browser: {missing}.", file=sys.stderr)
        return 2
    dashboard = os.environ.get("FLINKMOCK_DIST", "auto").split(os.pathsep)[0]
    with tempfile.TemporaryDirectory() as profile, FlinkMock("demo.yaml", dashboard=dashboard, clock="real") as cluster:
        cluster.advance("30s")
        browser = Browser(Path(profile))
        try:
            for name, page, text in (
                ("overview", "overview", "Completed Application List"),
                ("job", f"job/running/{cluster.job('orders').id}/overview", "Parallelism: 4"),
            ):
                browser.open(f"{cluster.url}/#/{page}")
                browser.wait_for(text)
                time.sleep(3)  # until the animation of the graph has ended
                browser.driver.save_screenshot(str(FOLDER / f"{name}.png"))
        finally:
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
