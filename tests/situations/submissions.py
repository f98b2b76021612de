"""Records what a real cluster makes of the plans in tests/cluster/submission/plans.

    python -m tests.situations.submissions http://127.0.0.1:8081 2.3.0 BODIES

The cluster is of the release that the plans are for, with four slots and a directory for checkpoints. BODIES is a
folder with a captured `POST /v1/jobs` for each plan, NAME.bin, and its content type, NAME.type. A real cluster needs
the jar, too.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

NAMES = ("streamgraph", "jobgraph", "jobgraph-batch", "streamgraph-batch", "empty", "lost-savepoint")
VIEWS = ("", "/plan", "/config", "/checkpoints/config", "/execution-result")
_SETTLED_S = 8


def record(base: str, bodies: Path) -> dict[str, Any]:
    """Return the response of each submission, and what the job's views show after a few seconds, by plan."""
    recorded = {}
    with httpx.Client(base_url=base, timeout=60) as client:
        for name in NAMES:
            kind = (bodies / f"{name}.type").read_text().strip()
            content = (bodies / f"{name}.bin").read_bytes()
            response = client.post("/v1/jobs", content=content, headers={"content-type": kind})
            views: dict[str, Any] = {}
            if response.status_code == 202:
                job = response.json()["jobUrl"]
                time.sleep(_SETTLED_S)
                views = {view: client.get(f"{job}{view}").json() for view in VIEWS}
                client.patch(job)
                time.sleep(1)
            recorded[name] = {"status": response.status_code, "response": response.json(), "views": views}
    return recorded


def main() -> None:
    base, version, bodies = sys.argv[1:]
    text = json.dumps(record(base, Path(bodies)), sort_keys=True, separators=(",", ":"))
    path = Path(__file__).parent / "submitted" / f"{version}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
