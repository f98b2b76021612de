"""Records the jobs that a real cluster creates from the plans in tests/cluster/submission/plans.

    python -m tests.situations.submissions http://127.0.0.1:8081 2.3.0 BODIES

The cluster needs the release of the plans, four slots and a directory for checkpoints. BODIES is a folder with the body
of a captured `POST /v1/jobs` for each plan, NAME.bin, and its content type, NAME.type. The body contains the jar, which
a real cluster needs.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

PLAN_NAMES = ("streamgraph", "jobgraph", "jobgraph-batch", "streamgraph-batch", "empty", "lost-savepoint")
READ_PATHS = ("", "/plan", "/config", "/checkpoints/config", "/execution-result")
"""The reads of the job, as paths below `/jobs/:jobid`."""
_WAIT_S = 8
"""How long a job runs before it is read, in seconds."""


def record(url: str, bodies: Path) -> dict[str, Any]:
    """Submit the plans. Return, by plan, the response to the submission and the reads of the job."""
    recorded = {}
    with httpx.Client(base_url=url, timeout=60) as client:
        for name in PLAN_NAMES:
            content_type = (bodies / f"{name}.type").read_text().strip()
            content = (bodies / f"{name}.bin").read_bytes()
            response = client.post("/v1/jobs", content=content, headers={"content-type": content_type})
            reads: dict[str, Any] = {}
            if response.status_code == 202:
                job = response.json()["jobUrl"]
                time.sleep(_WAIT_S)
                reads = {path: client.get(f"{job}{path}").json() for path in READ_PATHS}
                client.patch(job)
                time.sleep(1)
            recorded[name] = {"status": response.status_code, "response": response.json(), "reads": reads}
    return recorded


def main() -> None:
    url, version, bodies = sys.argv[1:]
    text = json.dumps(record(url, Path(bodies)), sort_keys=True, separators=(",", ":"))
    path = Path(__file__).parent / "submitted" / f"{version}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
