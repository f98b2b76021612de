"""Creates a scenario from the responses of a hand-written fake: the cluster, jobs in their states, and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flinkmock.cluster.states import JobState
from flinkmock.conformance.adoption.hand_written import HandWrittenResponse
from flinkmock.conformance.adoption.review import review
from flinkmock.contract import Contract
from flinkmock.errors import ScenarioError
from flinkmock.scenario import load_scenario

ID = re.compile(r"[0-9a-f]{32}")
"""The id of a job or a vertex."""
AGE_AFTER_RUNNING = "1h"
"""The age of jobs that have left RUNNING when the scenario begins."""
LIFECYCLES: Mapping[str, Sequence[Any]] = {
    "INITIALIZING": [{"INITIALIZING": "forever"}],
    "CREATED": [{"CREATED": "forever"}],
    "RUNNING": ["RUNNING"],
    "RESTARTING": [{"RUNNING": "1m"}, {"RESTARTING": "forever"}],
    "FAILING": [{"RUNNING": "1m"}, {"FAILING": "forever"}],
    "FAILED": [{"RUNNING": "1m"}, {"FAILING": "100ms"}, "FAILED"],
    "CANCELLING": [{"RUNNING": "1m"}, {"CANCELLING": "forever"}],
    "CANCELED": [{"RUNNING": "1m"}, {"CANCELLING": "100ms"}, "CANCELED"],
    "FINISHED": [{"RUNNING": "1m"}, "FINISHED"],
}
"""Job state -> a lifecycle whose job is in this state when the scenario begins."""
STATES_WITHOUT_AGE = ("INITIALIZING", "CREATED", "RUNNING")
ASYNC_OPERATIONS = {"savepoints": "savepoint", "checkpoints": "checkpoint"}
"""Segment of the path of an async operation -> key of the section `operations`."""


def scenario_of(responses: Sequence[HandWrittenResponse], flink: str) -> dict[str, Any]:
    """Return a scenario whose cluster has the same jobs, states and errors as the responses.

    Args:
        responses: The responses.
        flink: The release to serve.

    Returns:
        A valid scenario. It leaves out everything that the responses don't show.
    """
    reader = _Reader(flink)
    for response in responses:
        reader.read(response)
    scenario = reader.scenario()
    try:
        load_scenario(scenario)
    except ScenarioError:  # a scenario can't have such an id, name or path
        scenario["jobs"] = {name: _without_details(job) for name, job in scenario.get("jobs", {}).items()}
        load_scenario(scenario)
    return scenario


def _without_details(job: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in job.items() if key in ("extends", "lifecycle", "age", "type", "restart")}


class _Reader:
    """Collects the facts about the cluster that responses contain."""

    def __init__(self, flink: str) -> None:
        self._flink = flink
        self._contract = Contract.load(flink)
        self._cluster: dict[str, Any] = {}
        self._jobs: dict[str, dict[str, Any]] = {}
        """Job id, or the name of a job without id -> the properties of the job that responses contain."""
        self._operations: dict[str, Any] = {}
        self._faults: list[dict[str, Any]] = []

    def read(self, response: HandWrittenResponse) -> None:
        """Read one response; ignore the rest of a response from the first part that doesn't have Flink's form."""
        response_review = review(response, [self._flink])
        if response_review.operation is None:
            return
        if response.status >= 400:
            self._read_error(str(response_review.operation), response)
            return
        if not isinstance(response.body, Mapping):
            return
        path = response.path.partition("?")[0].removeprefix(response_review.base_path)
        route = self._contract.match_route(response.method, path)
        parameters = route[1] if route else {}
        try:
            self._read_body(response_review.operation.id, response.body, parameters, path)
        except (LookupError, TypeError, ValueError, AttributeError):
            return

    def _read_body(self, operation_id: str, body: Mapping[str, Any], parameters: Mapping[str, str], path: str) -> None:
        if operation_id == "getJobsOverview":
            for entry in body["jobs"]:
                self._add_job(entry.get("jid"), name=entry.get("name"), state=entry.get("state"))
        elif operation_id == "getJobIdsWithStatusesOverview":
            for entry in body["jobs"]:
                self._add_job(entry.get("id"), state=entry.get("status"))
        elif operation_id == "getJobDetails":
            self._add_job(
                body.get("jid"),
                name=body.get("name"),
                state=body.get("state"),
                vertices=list(_vertices(body.get("vertices", ()))),
                type=str(body.get("job-type", "")).lower(),
            )
        elif operation_id == "getJobStatusInfo":
            self._add_job(parameters.get("jobid"), state=body.get("status"))
        elif operation_id == "getJobExceptions":
            self._add_job(parameters.get("jobid"), exception=_exception(body))
        elif operation_id == "getTaskManagers":
            taskmanagers = body["taskmanagers"]
            slots = [int(entry["slotsNumber"]) for entry in taskmanagers if "slotsNumber" in entry]
            self._cluster |= {"taskmanagers": len(taskmanagers)} | ({"slots": max(slots)} if slots else {})
        elif operation_id == "getClusterOverview":
            count = int(body.get("taskmanagers", 1))
            overview = {"taskmanagers": count} | ({"slots": int(body.get("slots-total", 4)) // count} if count else {})
            self._cluster = overview | self._cluster
        elif operation_id == "getDashboardConfiguration" and body.get("flink-version"):
            if body["flink-version"] != self._contract.release.version:
                self._cluster["version"] = str(body["flink-version"])
        elif body.get("status", {}).get("id"):
            self._read_async_operation(path, body)

    def _read_async_operation(self, path: str, body: Mapping[str, Any]) -> None:
        key = next((key for segment, key in ASYNC_OPERATIONS.items() if f"/{segment}/" in f"{path}/"), None)
        if key is None:
            return
        cause = (body.get("operation") or {}).get("failure-cause")
        if cause:
            self._operations[key] = {"fails": "100%", "exception": _java_exception(str(cause.get("class", "")), cause)}
        elif body["status"]["id"] == "IN_PROGRESS":
            self._operations.setdefault(key, "10s")

    def _read_error(self, operation: str, response: HandWrittenResponse) -> None:
        errors = response.body.get("errors") if isinstance(response.body, Mapping) else None
        texts = [str(error) for error in errors] if isinstance(errors, list) else []
        reply: dict[str, Any] = {"status": response.status} | ({"errors": texts} if texts else {})
        fault = {"match": operation, "times": 1, "reply": reply}
        if fault not in self._faults:
            self._faults.append(fault)

    def _add_job(self, job_id: object, *, state: object = None, **properties: Any) -> None:
        key = str(job_id or properties.get("name") or "")
        if not key or key.startswith(":") or key == "*":
            return
        job = self._jobs.setdefault(key, {"states": []})
        if state in JobState.__members__ and state not in job["states"]:
            job["states"].append(state)
        job.update({name: value for name, value in properties.items() if value})

    def scenario(self) -> dict[str, Any]:
        jobs: dict[str, Any] = {}
        for key, job in self._jobs.items():
            name = str(job.get("name") or "job")
            label = name if name not in jobs else f"{name} {key[:6]}"
            jobs[label] = _job_entry(key, job, name if label != name else None)
        return {
            "name": "adopted",
            "flink": self._flink,
            **({"cluster": self._cluster} if self._cluster else {}),
            **({"jobs": jobs} if jobs else {}),
            **({"operations": self._operations} if self._operations else {}),
            **({"faults": self._faults} if self._faults else {}),
        }


def _job_entry(key: str, job: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """Return the entry of a job in a scenario.

    Args:
        key: The id of the job, or its name if the id is unknown.
        job: The properties of the job.
        name: The name of the job; None if the entry has it as its key.
    """
    state = job["states"][-1] if job["states"] else "RUNNING"
    lifecycle = [dict(step) if isinstance(step, dict) else step for step in LIFECYCLES.get(state, ["RUNNING"])]
    for step in lifecycle:
        for failure_state in ("FAILING", "RESTARTING"):
            if isinstance(step, dict) and failure_state in step and job.get("exception"):
                step[failure_state] = {"duration": step[failure_state], "exception": job["exception"]}
    return {
        **({"name": name} if name else {}),
        **({"id": key} if ID.fullmatch(key) else {}),
        **({"type": job["type"]} if job.get("type") in ("batch", "streaming") else {}),
        **({"age": AGE_AFTER_RUNNING} if state not in STATES_WITHOUT_AGE else {}),
        **({"vertices": job["vertices"]} if job.get("vertices") else {}),
        "lifecycle": lifecycle,
    }


def _vertices(vertices: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for vertex in vertices:
        entry = {"name": vertex["name"]}
        if ID.fullmatch(str(vertex.get("id", ""))):
            entry["id"] = vertex["id"]
        if isinstance(vertex.get("parallelism"), int) and vertex["parallelism"] > 0:
            entry["parallelism"] = vertex["parallelism"]
        yield entry


def _exception(body: Mapping[str, Any]) -> dict[str, Any] | None:
    entries = (body.get("exceptionHistory") or {}).get("entries") or []
    if entries:
        return _java_exception(
            str(entries[0].get("exceptionName", "")), {"stack-trace": entries[0].get("stacktrace", "")}
        )
    root = body.get("root-exception")
    return _java_exception("", {"stack-trace": root}) if root else None


def _java_exception(java_class: str, cause: Mapping[str, Any]) -> dict[str, Any]:
    """Return an exception of a scenario, made from the class and the first line of the stack trace."""
    first_line = str(cause.get("stack-trace", "")).strip().partition("\n")[0]
    match = re.match(r"([\w.$]+\.[\w$]+)(?::\s*(.*))?$", first_line)
    name = java_class or (match[1] if match else "java.lang.RuntimeException")
    message = (match[2] or "") if match else first_line
    return {"class": name, **({"message": message} if message else {})}
