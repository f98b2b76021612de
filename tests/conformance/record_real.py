"""Records a real Flink with running, failing and ended jobs: the data of test_record_real.py.

    python -m tests.conformance.record_real 2.3.0

writes data/recorded-2.3.0.jsonl.gz (the exchanges of `flinkmock record --raw`) and data/reads-2.3.0.json.gz
(the responses to the requests of read_endpoints.py, sent right after the recording). The command takes a minute.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from flinkmock.conformance.http_client import ClientReader, HttpClient, HttpRequest, HttpResponse
from flinkmock.conformance.recording import ClusterObservations, Poller
from tests.conformance.read_endpoints import read_endpoints
from tests.fidelity.distribution import flink_home, java_for
from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import (
    cancel,
    has_ended,
    poll_operation,
    start_job,
    trigger,
    wait_for_checkpoints,
    wait_for_job,
)
from tests.fidelity.real import jars_for
from tests.fidelity.real_cluster import real_cluster
from tests.fidelity.recordings import replace_paths, save

DATA = Path(__file__).parent / "data"
MIN_RECORDING_MS = 24_000
"""The recording takes at least this long."""
POLL_INTERVAL_MS = 2_000
"""The pause between two polls."""


class RecordingClient(HttpClient):
    """An HTTP client that keeps the exchanges in the format of `flinkmock record --raw`."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.exchanges: list[dict[str, Any]] = []

    def send(self, request: HttpRequest) -> HttpResponse:
        response = super().send(request)
        exchange = {"method": "GET", "target": request.target, "status": response.status, "body": None}
        self.exchanges.append(exchange | {"response": response.raw_body.decode()})
        return response


def start_jobs(driver: Driver) -> None:
    """Start jobs that run, are cancelled, finish, fail, and repeatedly restart; take a savepoint of the running job."""
    driver.begin_suite("jobs")
    start_job(driver, "wordcount", "--par", "1", "--name", "orders")
    start_job(driver, "wordcount", "--par", "1", "--name", "not wanted", variable="other")
    cancel(driver, "other")
    for kind in ("finite", "failing"):
        job_id = start_job(driver, kind, variable="other", wait=False)
        assert job_id is not None
        wait_for_job(driver, job_id, has_ended, timeout=60)
    arguments = ("--attempts", "1000", "--delay", "20 s", "--name", "crash loop", "--at", "500")
    start_job(driver, "failing", *arguments, variable="loop")
    wait_for_checkpoints(driver, 3)
    trigger(
        driver,
        None,
        "POST",
        "/jobs/{job}/savepoints",
        json_body={"target-directory": f"file://{driver.scratch}/savepoints"},
    )
    poll_operation(driver, "savepoint", "/jobs/{job}/savepoints/{trigger}")


def is_waiting_to_restart(driver: Driver) -> bool:
    """Return whether the crash loop has been RESTARTING for longer than Flink's caches last, and still waits."""
    body = driver.peek("/jobs/{loop}") or {}
    restarting_ms = body.get("now", 0) - body.get("timestamps", {}).get("RESTARTING", 0)
    return body.get("state") == "RESTARTING" and 11_000 < restarting_ms < 14_000


def record(driver: Driver, url: str) -> list[dict[str, Any]]:
    """Return the exchanges of a recording that ends while the crash loop waits to restart."""
    client = RecordingClient(url)
    may_end_at = time.time() + MIN_RECORDING_MS / 1000

    def wait(ms: int) -> None:
        time.sleep(ms / 1000)
        while ms == POLL_INTERVAL_MS and time.time() > may_end_at:
            if is_waiting_to_restart(driver):
                raise KeyboardInterrupt  # ends the recording early
            time.sleep(0.1)

    Poller(ClientReader(client), ClusterObservations(), wait).poll(10 * MIN_RECORDING_MS, POLL_INTERVAL_MS)
    client.close()
    return client.exchanges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="a version, such as 2.3.0")
    parser.add_argument("--home", type=Path, help="a distribution (lib, bin, …); default: it is downloaded")
    parser.add_argument("--java", help="the java command that runs it")
    args = parser.parse_args()
    home, java = args.home or flink_home(args.version), args.java or java_for(args.version)
    with tempfile.TemporaryDirectory() as folder, real_cluster(home, java, Path(folder)) as url:
        driver = Driver(url, jars_for(args.version), f"{folder}/scratch")
        start_jobs(driver)
        exchanges = record(driver, url)
        steps = read_endpoints(driver)
        paths = {folder: "/opt/flink/work", str(home.absolute()): "/opt/flink"}
    lines = "".join(json.dumps(exchange, ensure_ascii=False) + "\n" for exchange in replace_paths(exchanges, paths))
    raw_file = DATA / f"recorded-{args.version}.jsonl.gz"
    raw_file.write_bytes(gzip.compress(lines.encode(), mtime=0))
    save(DATA / f"reads-{args.version}.json.gz", {"flink": args.version, "suite": "reads"}, replace_paths(steps, paths))
    print(f"{raw_file}: {len(exchanges)} exchanges, {len(steps)} steps")


if __name__ == "__main__":
    main()
