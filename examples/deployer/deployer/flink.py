"""Requests and responses of Flink, shared by the sync and the async client. This module does no I/O."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote
from uuid import uuid4

Json = dict[str, Any]
Release = tuple[int, int]

TERMINAL_STATES = {"FINISHED", "CANCELED", "FAILED", "SUSPENDED"}
FIRST_RELEASE_WITH_CLIENT_TRIGGER_IDS: Release = (1, 15)
"""Since this release, a client can choose the trigger id. Two requests with the same id trigger one operation."""


class DeployError(Exception):
    """Base of all errors of the deployer."""


class RequestFailed(DeployError):
    """Flink answered with an error or a body that is not JSON, or all attempts of a request failed."""


class ResponseLost(DeployError):
    """No response arrived for a request that is not safe to retry. Flink may have processed it."""


class SavepointFailed(DeployError):
    """Flink could not take the savepoint. The message is the cause."""


class JobTerminated(DeployError):
    """The job reached a terminal state instead of RUNNING."""


class TimedOut(DeployError):
    """A job or a savepoint was not ready in time."""


def parse_body(request: str, body: str) -> Json:
    """Return the parsed body of a response to a request such as "GET /jobs". Raises RequestFailed if it is not JSON."""
    try:
        return dict(json.loads(body))
    except ValueError as error:
        raise RequestFailed(f"{request}: the body is not JSON: {body}") from error


def path_segment(value: str) -> str:
    """Return a value as a segment of a path. It is percent-encoded twice, because Flink decodes paths twice."""
    return quote(quote(value, safe=""), safe="")


def release_of(config: Json) -> Release:
    """Return the release of the cluster, from the response of /config."""
    major, minor = re.split("[.-]", config["flink-version"])[:2]  # such as 1.20-SNAPSHOT
    return int(major), int(minor)


def savepoint_body(release: Release, **fields: object) -> Json:
    """Return the body of a savepoint request, with a trigger id if the release accepts one."""
    if release >= FIRST_RELEASE_WITH_CLIENT_TRIGGER_IDS:
        return {**fields, "triggerId": uuid4().hex}
    return fields


def location_of(response: Json) -> str | None:
    """Return the savepoint path, or None while the savepoint is in progress.

    Raises:
        SavepointFailed: The savepoint has failed. The status of a failed savepoint is also COMPLETED.
    """
    if response["status"]["id"] != "COMPLETED":
        return None
    operation = response["operation"]
    if "failure-cause" in operation:
        raise SavepointFailed(innermost_cause(operation["failure-cause"]["stack-trace"]))
    return str(operation.get("location"))


def is_up(job: Json) -> bool:
    """Return whether the job is RUNNING, and each of its tasks is running or finished.

    A job is RUNNING before its tasks are, and a vertex is RUNNING as soon as one of its tasks is.
    """
    return job["state"] == "RUNNING" and all(
        vertex["tasks"]["RUNNING"] + vertex["tasks"]["FINISHED"] == vertex["parallelism"] for vertex in job["vertices"]
    )


def cause_of(exceptions: Json) -> str:
    """Return the cause in a response of /jobs/:jobid/exceptions.

    `exceptionHistory` was added in 1.13; `root-exception` was removed in 2.0.
    """
    history = exceptions.get("exceptionHistory", {}).get("entries", [])
    trace = history[0]["stacktrace"] if history else exceptions.get("root-exception")
    return innermost_cause(trace) if trace else "unknown cause"


def innermost_cause(trace: str) -> str:
    """Return the last `Caused by` of a Java stack trace, or its first line."""
    causes = re.findall(r"^Caused by: (.*)", trace, re.MULTILINE)
    return str(causes[-1]) if causes else trace.partition("\n")[0]
