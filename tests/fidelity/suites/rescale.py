"""Rescaling, which Flink has disabled, and its successors: resource requirements and, since 2.3, rescales."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.fidelity.driver import UNKNOWN_ID, Driver
from tests.fidelity.jobs import cancel, start_job, trigger, vertex_variables

JOB = "/jobs/{job}"
REQUIREMENTS = JOB + "/resource-requirements"


def rescale(d: Driver) -> None:
    start_job(d, "wordcount", "--name", "oracle word count")
    rescaling(d)
    requirements(d)
    rescales(d)
    bad_requirements(d)
    cancel(d)
    d.step("requirements of a canceled job", "GET", REQUIREMENTS)
    d.step("requirements of a canceled job PUT", "PUT", REQUIREMENTS, json_body={})


def rescaling(d: Driver) -> None:
    trigger(d, None, "PATCH", JOB + "/rescaling", query="parallelism=2")
    d.step("rescaling status", "GET", JOB + "/rescaling/{trigger}")
    d.step("rescaling without parallelism", "PATCH", JOB + "/rescaling")
    d.step("rescaling parallelism text", "PATCH", JOB + "/rescaling", "parallelism=x")
    d.step("rescaling parallelism 0", "PATCH", JOB + "/rescaling", "parallelism=0")
    d.step("rescaling unknown job", "PATCH", "/jobs/{unknown}/rescaling", "parallelism=2")
    d.step("rescaling status unknown", "GET", JOB + "/rescaling/{unknown}")
    d.step("rescaling status bad id", "GET", JOB + "/rescaling/nohex")
    d.step("rescaling GET", "GET", JOB + "/rescaling")


def bounds(lower: int, upper: int) -> dict[str, Any]:
    return {"parallelism": {"lowerBound": lower, "upperBound": upper}}


def put(d: Driver, name: str, required: dict[str, Any]) -> None:
    body = json.dumps({d.variables[vertex]: required_bounds for vertex, required_bounds in required.items()}).encode()
    d.step(name, "PUT", REQUIREMENTS, body=body, headers={"Content-Type": "application/json"})


def requirements(d: Driver) -> None:
    vertices = vertex_variables(d)
    d.step(None, "GET", REQUIREMENTS)
    put(d, "requirements as they are", {v: bounds(1, 1 if v in ("v0", "v3") else 2) for v in vertices})
    put(d, "requirements smaller", {v: bounds(1, 1) for v in vertices})
    time.sleep(2)
    d.step("requirements after", "GET", REQUIREMENTS)
    d.step("job after requirements", "GET", JOB)


def rescales(d: Driver) -> None:
    for tail in ("config", "overview", "history", "summary"):
        d.step(None, "GET", JOB + "/rescales/" + tail)
    known = d.peek(JOB + "/rescales/history")
    d.variables["rescale"] = known[0]["rescaleUuid"] if isinstance(known, list) and known else UNKNOWN_ID
    d.step(None, "GET", JOB + "/rescales/details/{rescale}")
    d.step("rescale details bad id", "GET", JOB + "/rescales/details/nohex")


def bad_requirements(d: Driver) -> None:
    d.step("requirements empty object", "PUT", REQUIREMENTS, json_body={})
    d.step("requirements without body", "PUT", REQUIREMENTS)
    d.step("requirements unknown vertex", "PUT", REQUIREMENTS, json_body={UNKNOWN_ID: bounds(1, 1)})
    put(d, "requirements lower > upper", {v: bounds(2, 1) for v in vertex_variables(d)})
    put(d, "requirements zero", {v: bounds(0, 0) for v in vertex_variables(d)})
    d.step("requirements bad vertex id", "PUT", REQUIREMENTS, json_body={"nohex": bounds(1, 1)})
    d.step("requirements bad type", "PUT", REQUIREMENTS, json_body={UNKNOWN_ID: 5})
    d.step("requirements unknown job", "PUT", "/jobs/{unknown}/resource-requirements", json_body={})
    d.step("requirements unknown job GET", "GET", "/jobs/{unknown}/resource-requirements")
