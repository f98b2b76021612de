"""`/rescaling`, which Flink has disabled, and its successors: resource requirements and, since 2.3, rescales."""

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
    request_rescaling(driver)
    change_requirements(driver)
    read_rescales(driver)
    send_bad_requirements(driver)
    cancel(driver)
    driver.step("requirements of a canceled job", "GET", REQUIREMENTS)
    driver.step("requirements of a canceled job PUT", "PUT", REQUIREMENTS, json_body={})


def request_rescaling(driver: Driver) -> None:
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


def put_requirements(driver: Driver, name: str, bounds_by_variable: dict[str, Any]) -> None:
    """Set the parallelism bounds of vertices. A key of `bounds_by_variable`, such as "v0", is a variable with an id."""
    bounds_by_id = {driver.variables[variable]: value for variable, value in bounds_by_variable.items()}
    body = json.dumps(bounds_by_id).encode()
    driver.step(name, "PUT", REQUIREMENTS, body=body, headers={"Content-Type": "application/json"})


def change_requirements(driver: Driver) -> None:
    """Set parallelism bounds. The recorded clusters use the default scheduler, which rejects them.

    Before 1.18 there is no such path: 404.

    The source (v0) and the sink (v3) of `wordcount` have a parallelism of 1, its other vertices 2.
    """
    variables = vertex_variables(driver)
    driver.step(None, "GET", REQUIREMENTS)
    unchanged = {variable: bounds(1, 1 if variable in ("v0", "v3") else 2) for variable in variables}
    put_requirements(driver, "requirements as they are", unchanged)
    put_requirements(driver, "requirements smaller", dict.fromkeys(variables, bounds(1, 1)))
    time.sleep(2)
    driver.step("requirements after", "GET", REQUIREMENTS)
    driver.step("job after requirements", "GET", JOB)


def read_rescales(driver: Driver) -> None:
    for tail in ("config", "overview", "history", "summary"):
        driver.step(None, "GET", JOB + "/rescales/" + tail)
    history = driver.peek(JOB + "/rescales/history")
    driver.variables["rescale"] = history[0]["rescaleUuid"] if isinstance(history, list) and history else UNKNOWN_ID
    driver.step(None, "GET", JOB + "/rescales/details/{rescale}")
    driver.step("rescale details bad id", "GET", JOB + "/rescales/details/nohex")


def send_bad_requirements(driver: Driver) -> None:
    driver.step("requirements empty object", "PUT", REQUIREMENTS, json_body={})
    driver.step("requirements without body", "PUT", REQUIREMENTS)
    driver.step("requirements unknown vertex", "PUT", REQUIREMENTS, json_body={UNKNOWN_ID: bounds(1, 1)})
    put_requirements(driver, "requirements lower > upper", dict.fromkeys(vertex_variables(driver), bounds(2, 1)))
    put_requirements(driver, "requirements zero", dict.fromkeys(vertex_variables(driver), bounds(0, 0)))
    driver.step("requirements bad vertex id", "PUT", REQUIREMENTS, json_body={"nohex": bounds(1, 1)})
    driver.step("requirements bad type", "PUT", REQUIREMENTS, json_body={UNKNOWN_ID: 5})
    driver.step("requirements unknown job", "PUT", "/jobs/{unknown}/resource-requirements", json_body={})
    driver.step("requirements unknown job GET", "GET", "/jobs/{unknown}/resource-requirements")
