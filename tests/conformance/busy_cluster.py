"""Keeps a real cluster busy: jobs start, fail, restart, finish, are cancelled, stopped and restored with a random
parallelism, savepoints and checkpoints are triggered, TaskManagers are killed and replaced."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.fidelity.real_cluster import RealCluster

JOB_KINDS = ("finite", "failing", "wordcount", "twosources", "partlyfinished")
"""The kinds of jobs that are started. Each kind has a jar."""
MAX_UNFINISHED_JOBS = 4
KILL_EVERY_S = 100
"""The time between two kills of a TaskManager. It is longer than a heartbeat timeout (50 s), so that a
check sends requests about a killed TaskManager both before and after Flink removes it."""
RESTART_EVERY_S = 240
"""The time between two restarts of the JobManager."""


@contextlib.contextmanager
def keep_busy(cluster: RealCluster, jar_folder: Path, seed: int, *, restart_jobmanager: bool = False) -> Iterator[None]:
    """Keep the cluster busy in a thread, until the block ends.

    Args:
        cluster: The cluster.
        jar_folder: The folder with the jars of `JOB_KINDS`.
        seed: Selects the actions.
        restart_jobmanager: Whether the JobManager is killed and started again from time to time.
    """
    load = _Load(cluster, jar_folder, random.Random(seed), restart_jobmanager=restart_jobmanager)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        yield
    finally:
        load.stop_requested.set()
        thread.join()
        actions = ", ".join(f"{count} x {name}" for name, count in load.counts.items())
        print(f"meanwhile: {actions}", flush=True)


class _Load:
    """Performs random actions on a cluster.

    Attributes:
        stop_requested: Set by another thread to end the load.
        counts: How often each action was done, and under `failed`, how often an action failed.
    """

    def __init__(self, cluster: RealCluster, jar_folder: Path, rng: random.Random, *, restart_jobmanager: bool) -> None:
        self._cluster = cluster
        self._jar_folder = jar_folder
        self._rng = rng
        self._restarts_jobmanager = restart_jobmanager
        self._jar_ids: dict[str, str] = {}  # kind of job -> id of its uploaded jar
        self._savepoints: list[tuple[str, str]] = []  # (kind of job, path)
        self._kind_of_job: dict[str, str] = {}  # by job id
        self.stop_requested = threading.Event()
        self.counts: dict[str, int] = {}

    def run(self) -> None:
        killed_at = restarted_at = time.monotonic()
        while not self.stop_requested.wait(self._rng.uniform(1, 6)):
            try:
                self._cluster.restart_ended_processes()
                if time.monotonic() - killed_at > KILL_EVERY_S:
                    killed_at = time.monotonic()
                    self._cluster.kill_taskmanager()
                    self._cluster.restart_ended_processes()
                    self._count("killed TaskManager")
                elif self._restarts_jobmanager and time.monotonic() - restarted_at > RESTART_EVERY_S:
                    restarted_at = time.monotonic()
                    self._restart_jobmanager()
                else:
                    self._do_random_action()
            except (OSError, ValueError, LookupError):
                self._count("failed")

    def _restart_jobmanager(self) -> None:
        self._cluster.kill_jobmanager()
        self.stop_requested.wait(2)
        self._cluster.start_jobmanager()
        self._jar_ids.clear()
        self._count("restarted JobManager")

    def _do_random_action(self) -> None:
        """Choose an action, and do it if the jobs of the cluster allow it."""
        jobs = self._send("GET", "/jobs/overview")["jobs"]
        running_ids = [job["jid"] for job in jobs if job["state"] == "RUNNING"]
        unfinished = [job for job in jobs if job["end-time"] == -1]
        action = self._rng.choice(["start", "start", "cancel", "savepoint", "stop", "restore", "checkpoint"])
        if action == "start" and len(unfinished) < MAX_UNFINISHED_JOBS:
            self._start(self._rng.choice(JOB_KINDS), {})
        elif action == "cancel" and len(running_ids) > 2:
            self._send("PATCH", f"/jobs/{self._rng.choice(running_ids)}")
        elif action == "savepoint" and running_ids:
            self._send("POST", f"/jobs/{self._rng.choice(running_ids)}/savepoints", {"cancel-job": False})
        elif action == "checkpoint" and running_ids:
            self._send("POST", f"/jobs/{self._rng.choice(running_ids)}/checkpoints", {})
        elif action == "stop" and len(running_ids) > 1:
            self._stop(self._rng.choice(running_ids))
        elif action == "restore" and self._savepoints and len(unfinished) < MAX_UNFINISHED_JOBS:
            kind, path = self._rng.choice(self._savepoints)
            self._start(kind, {"savepointPath": path, "parallelism": self._rng.choice([1, 2, 3])})
        else:
            return
        self._count(action)

    def _start(self, kind: str, body: dict[str, Any]) -> None:
        """Start a job of a kind; `body` is the body of the request."""
        if kind not in self._jar_ids:
            self._jar_ids[kind] = self._upload(self._jar_folder / f"{kind}.jar")
        response = self._send("POST", f"/jars/{self._jar_ids[kind]}/run", body)
        self._kind_of_job[response["jobid"]] = kind

    def _stop(self, job_id: str) -> None:
        """Stop a job, and remember its savepoint."""
        trigger_id = self._send("POST", f"/jobs/{job_id}/stop", {"drain": False})["request-id"]
        for _ in range(20):
            status = self._send("GET", f"/jobs/{job_id}/savepoints/{trigger_id}")
            if status["status"]["id"] == "COMPLETED":
                if job_id in self._kind_of_job:
                    self._savepoints.append((self._kind_of_job[job_id], status["operation"]["location"]))
                return
            time.sleep(0.5)

    def _upload(self, jar: Path) -> str:
        """Upload a jar; return its id."""
        boundary = uuid4().hex
        part_head = f'Content-Disposition: form-data; name="jarfile"; filename="{jar.name}"'
        body = f"--{boundary}\r\n{part_head}\r\n\r\n".encode() + jar.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(f"{self._cluster.url}/jars/upload", body, headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(json.load(response)["filename"]).rpartition("/")[2]

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._cluster.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read() or b"null")

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
