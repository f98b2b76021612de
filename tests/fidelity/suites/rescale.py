"""Rescaling, which Flink has disabled, and its successors: resource requirements and, since 2.3, rescales."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.fidelity.driver import UNKNOWN_ID, Driver
from tests.fidelity.job_steps import cancel, start_job, trigger, vertex_variables

JOB = "/jobs/{job}"
REQUIREMENTS = JOB + "/resource-requirements"


def rescale(driver: Driver) -> None:
    start_job(driver, "wordcount", "--name", "oracle word count")
    rescaling(driver)
    requirements(driver)
    rescales(driver)
    bad_requirements(driver)
    cancel(driver)
    driver.step("requirements of a canceled job", "GET", REQUIREMENTS)
    driver.step("requirements of a canceled job PUT", "PUT", REQUIREMENTS, json_body={})


def rescaling(driver: Driver) -> None:
    trigger(driver, None, "PATCH", JOB + "/rescaling", query="parallelism=2")
    driver.step("rescaling status", "GET", JOB + "/rescaling/{trigger}")
    driver.step("rescaling without parallelism", "PATCH", JOB + "/rescaling")
    driver.step("rescaling parallelism text", "PATCH", JOB + "/rescaling", "parallelism=x")
    driver.step("rescaling parallelism 0", "PATCH", JOB + "/rescaling", "parallelism=0")
    driver.step("rescaling unknown job", "PATCH", "/jobs/{unknown}/rescaling", "parallelism=2")
    driver.step("rescaling status unknown", "GET", JOB + "/rescaling/{unknown}")
    driver.step("rescaling status bad id", "GET", JOB + "/rescaling/nohex")
    driver.step("rescaling GET", "GET", JOB + "/rescaling")


def bounds(lower: int, upper: int) -> dict[str, Any]:
    return {"parallelism": {"lowerBound": lower, "upperBound": upper}}


def put(driver: Driver, name: str, required: dict[str, Any]) -> None:
    body = json.dumps(
        {driver.variables[vertex]: required_bounds for vertex, required_bounds in required.items()}
    ).encode()
    driver.step(name, "PUT", REQUIREMENTS, body=body, headers={"Content-Type": "application/json"})


def requirements(driver: Driver) -> None:
    vertices = vertex_variables(driver)
    driver.step(None, "GET", REQUIREMENTS)
    put(driver, "requirements as they are", {v: bounds(1, 1 if v in ("v0", "v3") else 2) for v in vertices})
    put(driver, "requirements smaller", {v: bounds(1, 1) for v in vertices})
    time.sleep(2)
    driver.step("requirements after", "GET", REQUIREMENTS)
    driver.step("job after requirements", "GET", JOB)


def rescales(driver: Driver) -> None:
    for tail in ("config", "overview", "history", "summary"):
        driver.step(None, "GET", JOB + "/rescales/" + tail)
    known = driver.peek(JOB + "/rescales/history")
    driver.variables["rescale"] = known[0]["rescaleUuid"] if isinstance(known, list) and known else UNKNOWN_ID
    driver.step(None, "GET", JOB + "/rescales/details/{rescale}")
    driver.step("rescale details bad id", "GET", JOB + "/rescales/details/nohex")


def bad_requirements(driver: Driver) -> None:
    driver.step("requirements empty object", "PUT", REQUIREMENTS, json_body={})
    driver.step("requirements without body", "PUT", REQUIREMENTS)
    driver.step("requirements unknown vertex", "PUT", REQUIREMENTS, json_body={UNKNOWN_ID: bounds(1, 1)})
    put(driver, "requirements lower > upper", {v: bounds(2, 1) for v in vertex_variables(driver)})
    put(driver, "requirements zero", {v: bounds(0, 0) for v in vertex_variables(driver)})
    driver.step("requirements bad vertex id", "PUT", REQUIREMENTS, json_body={"nohex": bounds(1, 1)})
    driver.step("requirements bad type", "PUT", REQUIREMENTS, json_body={UNKNOWN_ID: 5})
    driver.step("requirements unknown job", "PUT", "/jobs/{unknown}/resource-requirements", json_body={})
    driver.step("requirements unknown job GET", "GET", "/jobs/{unknown}/resource-requirements")
