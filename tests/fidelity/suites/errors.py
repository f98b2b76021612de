"""Unusual and invalid requests: methods, paths, ids, bodies, uploads, queries. Most of them get an error response."""

from __future__ import annotations

from typing import Any

from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import cancel, set_taskmanager_variable, start_job
from tests.fidelity.suites.gets import JOB_GETS, VERTEX_GETS, get_all
from tests.fidelity.suites.wire import wire

JOB = "/jobs/{job}"
VERTEX = JOB + "/vertices/{vertex}"
JSON_HEADERS = {"Content-Type": "application/json"}


def errors(driver: Driver) -> None:
    set_taskmanager_variable(driver)
    start_job(driver, "wordcount", "--name", "oracle word count")
    send_unsupported_methods(driver)
    send_uncommon_methods(driver)
    request_unusual_paths(driver)
    request_path_traversals(driver)
    send_bad_ids(driver)
    send_bad_bodies(driver)
    send_bad_submissions(driver)
    send_bad_queries(driver)
    wire(driver)
    cancel(driver)


def send_unsupported_methods(driver: Driver) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        for path in ("/overview", "/config", "/jobs/overview", JOB + "/plan", "/taskmanagers"):
            driver.step(None, method, path)
    for method, path in (
        ("PUT", "/jobs"),
        ("DELETE", "/jobs"),
        ("POST", JOB),
        ("PUT", JOB),
        ("DELETE", JOB),
        ("GET", "/cluster"),
        ("POST", "/cluster"),
        ("GET", "/jars/upload"),
        ("PATCH", "/jars"),
        ("POST", "/jars"),
        ("GET", JOB + "/stop"),
        ("PUT", JOB + "/savepoints"),
        ("GET", "/savepoint-disposal"),
        ("GET", "/datasets/{unknown}"),
        ("POST", "/datasets"),
    ):
        driver.step(None, method, path)


def send_uncommon_methods(driver: Driver) -> None:
    for path in ("/overview", JOB, "/jobs/{unknown}", "/nosuch", "/"):
        driver.step(None, "HEAD", path)
        driver.step(None, "OPTIONS", path)
    driver.step(
        "OPTIONS preflight",
        "OPTIONS",
        "/jobs/overview",
        headers={"Origin": "http://other.example", "Access-Control-Request-Method": "GET"},
    )
    driver.step("GET with Origin", "GET", "/overview", headers={"Origin": "http://other.example"})
    for method in ("TRACE", "FOO", "get"):
        driver.step(None, method, "/overview")


def request_unusual_paths(driver: Driver) -> None:
    for path in (
        "/nosuch",
        "/jobs/{job}/nosuch",
        "/jobs/{job}/vertices/{vertex}/nosuch",
        "/taskmanagers/{tm}/nosuch",
        "/jobmanager",
        "/jobmanager/nosuch",
        "/v1",
        "/v1/",
        "/v1/overview",
        "/v1/jobs/overview",
        "/v1/jobs/{job}",
        "/v1/nosuch",
        "/v2/overview",
        "/v0/overview",
        "/v11/overview",
        "/V1/overview",
        "/v1/v1/overview",
        "/overview/",
        "/jobs/",
        "/jobs/{job}/",
        "/v1/jobs/",
        "//overview",
        "/jobs//{job}",
        "/jobs//overview",
        "/./overview",
        "/jobs/../overview",
        "/overview;x=1",
        "/over%76iew",
        "/jobs/%6fverview",
        "/OVERVIEW",
        "/overview%20",
        "/overview%2f",
        "/%",
        "/overview%zz",
        "/jobs/overview/nosuch",
        "/index.html",
        "/assets/nosuch.png",
        "/favicon.ico",
        "/nosuch.js",
    ):
        driver.step(None, "GET", path, text_limit=200)
    for path in ("/nosuch", "/v2/overview", "/jobs/{job}/nosuch"):
        driver.step(None, "POST", path, json_body={})
    driver.step("query on a path without parameters", "GET", "/overview", "a=1&b=2")
    driver.step("query only question mark", "GET", "/overview?")
    driver.step("fragment", "GET", "/overview#x")


def request_path_traversals(driver: Driver) -> None:
    for path in (
        "/jobmanager/logs/..%2f..%2fetc%2fpasswd",
        "/jobmanager/logs/..%2fflink.conf",
        "/jobmanager/logs/%2e%2e",
        "/jobmanager/logs/",
        "/jobmanager/logs/..",
        "/taskmanagers/{tm}/logs/..%2f..%2fetc%2fpasswd",
        "/..%2f..%2fetc/passwd",
        "/../../etc/passwd",
    ):
        driver.step(None, "GET", path, text_limit=200)


def send_bad_ids(driver: Driver) -> None:
    for job_id in (
        "nohex",
        "123",
        "0123456789abcdef0123456789abcde",
        "0123456789abcdef0123456789abcdef0",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        "0123456789ABCDEF0123456789ABCDEF",
        "%20",
        "01234567-89ab-cdef-0123-456789abcdef",
    ):
        driver.step(f"job id {job_id}", "GET", f"/jobs/{job_id}")
    driver.step("upper case of the real id", "GET", "/jobs/" + str(driver.variables["job"]).upper())
    get_all(driver, "unknown job", "/jobs/{unknown}", JOB_GETS)
    get_all(driver, "unknown job vertex", "/jobs/{unknown}/vertices/{vertex}", VERTEX_GETS)
    further_tails = (
        "/metrics?get=uptime",
        "/checkpoints/details/1",
        "/checkpoints/details/1/subtasks/{vertex}",
        "/yarn-cancel",
        "/yarn-stop",
    )
    get_all(driver, "unknown job", "/jobs/{unknown}", further_tails)
    for tail in ("/plan", "/config", "/metrics", "/exceptions", "/checkpoints", "/status", "/execution-result"):
        driver.step(f"bad job id{tail}", "GET", "/jobs/nohex" + tail)
    driver.step("cancel unknown job", "PATCH", "/jobs/{unknown}")
    driver.step("cancel bad job id", "PATCH", "/jobs/nohex")
    driver.step(
        "coordinator unknown job",
        "POST",
        "/jobs/{unknown}/coordinators/{vertex}",
        json_body={"serializedCoordinationRequest": "AAAA"},
    )
    driver.step("coordinator without field", "POST", JOB + "/coordinators/{vertex}", json_body={})
    driver.step(
        "coordinator unknown operator",
        "POST",
        JOB + "/coordinators/{unknown}",
        json_body={"serializedCoordinationRequest": "AAAA"},
    )


def send_bad_bodies(driver: Driver) -> None:
    def post(name: str, **request: Any) -> None:
        driver.step(f"body: {name}", "POST", JOB + "/savepoints", **request)

    for name, raw in (
        ("broken json", b'{"a":'),
        ("not json", b"hello"),
        ("json null", b"null"),
        ("json number", b"5"),
        ("json string", b'"x"'),
        ("json array", b"[]"),
        ("array of object", b"[{}]"),
        ("unknown field", b'{"a":1}'),
        ("wrong type bool", b'{"cancel-job": []}'),
        ("wrong type string", b'{"target-directory": {}}'),
        ("single quotes", b"{'a':1}"),
        ("trailing garbage", b'{"triggerId": 5} xx'),
        ("two documents", b'{"nope":1}{"nope":2}'),
        ("duplicate key", b'{"triggerId": "x", "triggerId": "y"}'),
        ("bad utf-8", b'{"target-directory": "\xff\xfe", "nope":1}'),
        ("unknown enum", b'{"formatType": "X"}'),
        ("enum as number", b'{"formatType": 7}'),
        ("comments", b'{/*x*/"nope":1}'),
    ):
        post(name, body=raw, headers=JSON_HEADERS)
    for content_type in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/json; charset=ISO-8859-1",
    ):
        post(f"unknown field as {content_type}", body=b'{"nope":1}', headers={"Content-Type": content_type})
    post("unknown field without content-type", body=b'{"nope":1}')
    post("as multipart", parts=[{"name": "request", "data": b'{"nope":1}'}])
    driver.step("body on GET", "GET", "/overview", body=b'{"x":1}', headers=JSON_HEADERS)
    driver.step("broken body on GET", "GET", "/overview", body=b'{"x":', headers=JSON_HEADERS)
    driver.step("body on PATCH cancel (unknown job)", "PATCH", "/jobs/{unknown}", body=b'{"x":1}', headers=JSON_HEADERS)


def send_bad_submissions(driver: Driver) -> None:
    """Submit jobs with `POST /jobs`, as Flink's command line does."""

    def submit(name: str, **request: Any) -> None:
        driver.step(f"jobs: {name}", "POST", "/jobs", **request)

    def request_part(field: str, plan: str) -> dict[str, Any]:
        data = f'{{"{field}":"{plan}","jobJarFileNames":[],"jobArtifactFileNames":[]}}'.encode()
        return {"name": "request", "type": "application/json", "data": data}

    def plan_part(data: bytes) -> dict[str, Any]:
        return {"name": "file_0", "filename": "a.bin", "type": "application/octet-stream", "data": data}

    submit("no body")
    submit("empty json", json_body={})
    body = {"jobGraphFileName": "x", "jobJarFileNames": [], "jobArtifactFileNames": []}
    submit("json without files", json_body=body)
    submit("empty multipart", parts=[])
    submit("multipart without request", parts=[plan_part(b"x")])
    missing_file = [request_part("jobGraphFileName", "nope.bin"), plan_part(b"x")]
    submit("multipart request names a missing file", parts=missing_file)
    submit("garbage job graph", parts=[request_part("jobGraphFileName", "a.bin"), plan_part(b"garbage")])
    stream_graph = [request_part("streamGraphFileName", "a.bin"), plan_part(b"garbage")]
    submit("garbage job graph, 2.x field names", parts=stream_graph)
    parts = [{"name": "x", "filename": "x", "data": b"x"}]
    driver.step("multipart to a path without uploads", "POST", "/overview", parts=parts)
    driver.step("multipart with files to savepoints", "POST", JOB + "/savepoints", parts=parts)


def send_bad_queries(driver: Driver) -> None:
    for path, query in (
        (JOB + "/accumulators", "includeSerializedValue=maybe"),
        (JOB + "/exceptions", "maxExceptions=abc"),
        (VERTEX + "/flamegraph", "type=bad"),
        (VERTEX + "/subtasks/metrics", "agg=bad&get=x"),
        (VERTEX + "/subtasks/metrics", "subtasks=a-b&get=x"),
        ("/jobs/metrics", "jobs=bad&get=x"),
        ("/taskmanagers/metrics", "agg=bad&get=x"),
        (JOB + "/accumulators", "includeSerializedValue=true&includeSerializedValue=false"),
        (JOB + "/accumulators", "nosuch=1"),
        (JOB + "/metrics", "get=%zz"),
        (JOB + "/metrics", "get=a%2Cb"),
    ):
        driver.step(None, "GET", path, query)
