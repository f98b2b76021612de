"""What both clients know about Flink: what to ask, and what an answer means. Nothing here talks to anybody."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

Json = dict[str, Any]
Release = tuple[int, int]

ENDED = {"FINISHED", "CANCELED", "FAILED", "SUSPENDED"}
TRIGGER_IDS: Release = (1, 15)
"""From this release on the client may name an operation, and asking twice by one name is asking once."""


class DeployError(Exception):
    """Whatever keeps a job from being deployed."""


class Refused(DeployError):
    """Flink does not want to, or has no leader for too long."""


class AnswerLost(DeployError):
    """A request was sent and its answer never came: it may have been carried out or not."""


class SavepointFailed(DeployError):
    """Flink tried, and tells why there is no savepoint."""


class JobEnded(DeployError):
    """A job that was to run does not any more."""


def release_of(config: Json) -> Release:
    """From the answer of /config."""
    major, minor = str(config["flink-version"]).split(".")[:2]
    return int(major), int(minor)


def trigger(release: Release, **fields: object) -> Json:
    """The body that asks for a savepoint, with a name of its own where Flink knows names."""
    if release >= TRIGGER_IDS:
        return {**fields, "triggerId": uuid4().hex}
    return fields


def location_of(answer: Json) -> str | None:
    """Where the savepoint lies; None while it is being taken. COMPLETED says only that it is over."""
    if answer["status"]["id"] != "COMPLETED":
        return None
    operation = answer["operation"]
    if "failure-cause" in operation:
        raise SavepointFailed(innermost(operation["failure-cause"]["stack-trace"]))
    return str(operation.get("location"))


def is_up(job: Json) -> bool:
    """A job is RUNNING before its tasks are."""
    return job["state"] == "RUNNING" and all(each["status"] in ("RUNNING", "FINISHED") for each in job["vertices"])


def cause_of(exceptions: Json) -> str:
    """From /jobs/:jobid/exceptions, which had another form before 1.13 and lost that one in 2.0."""
    history = exceptions.get("exceptionHistory", {}).get("entries", [])
    trace = history[0]["stacktrace"] if history else exceptions.get("root-exception")
    return innermost(trace) if trace else "no cause told"


def innermost(trace: str) -> str:
    """The last `Caused by` of a Java stack trace, or its first line."""
    causes = re.findall(r"^Caused by: (.*)", trace, re.MULTILINE)
    return str(causes[-1]) if causes else trace.partition("\n")[0]
