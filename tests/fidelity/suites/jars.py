"""Upload, list, plan, run and delete jars."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from tests.fidelity.driver import UNKNOWN_ID, Body, Driver
from tests.fidelity.job_steps import TERMINAL_STATES, cancel, cancel_all_jobs, jar_bytes, upload
from tests.fidelity.multipart import jar_part

JAR, SECOND_JAR = "/jars/{jar_wordcount}", "/jars/{jar_second}"
JSON_HEADERS = {"Content-Type": "application/json"}


def jars(driver: Driver) -> None:
    driver.step("list before", "GET", "/jars")
    upload(driver, "wordcount")
    upload(driver, "wordcount", variable="jar_second", name="upload wordcount.jar again")
    for jar in ("finite", "mainthrows", "noexecute", "nomain", "twoentries", "badmain"):
        upload(driver, jar)
    driver.step("list", "GET", "/jars")
    send_unusual_uploads(driver)
    request_plans(driver)
    send_invalid_runs(driver)
    run_jobs(driver)
    run_application(driver)
    cancel_all_jobs(driver)
    delete_jars(driver)


def send_unusual_uploads(driver: Driver) -> None:
    def post(name: str, **request: Any) -> None:
        driver.step(name, "POST", "/jars/upload", **request)

    jar = jar_bytes(driver, "wordcount")
    post("upload a text file", parts=[jar_part("notes.txt", b"hello", content_type="text/plain")])
    post("upload text named jar", parts=[jar_part("text.jar", b"hello")])
    post("upload under another field name", parts=[jar_part("field.jar", jar, name="other")])
    post("upload octet-stream", parts=[jar_part("octet.jar", jar, content_type="application/octet-stream")])
    post("upload without part type", parts=[jar_part("untyped.jar", jar, content_type=None)])
    post("upload upper case extension", parts=[jar_part("UP.JAR", jar)])
    post("upload without filename", parts=[{"name": "jarfile", "type": "application/x-java-archive", "data": jar}])
    post("upload two files", parts=[jar_part(f"pair{i}.jar", jar) for i in (1, 2)])
    post("upload file and a text part", parts=[jar_part("plus.jar", jar), {"name": "extra", "data": b"x"}])
    post("upload path in filename", parts=[jar_part("../../evil.jar", jar)])
    post("upload empty multipart", parts=[])
    post("upload no body")
    post("upload json body", json_body={"jarfile": "x"})
    post("upload raw jar body", body=jar, headers={"Content-Type": "application/x-java-archive"})
    post("upload multipart without boundary", body=b"xx", headers={"Content-Type": "multipart/form-data"})
    driver.step("upload with PUT", "PUT", "/jars/upload", body=b"")
    driver.step("upload with GET", "GET", "/jars/upload")
    driver.step("list after uploads", "GET", "/jars")


def request_plans(driver: Driver) -> None:
    for method in ("GET", "POST"):
        driver.step(f"plan {method}", method, JAR + "/plan")
    driver.step(
        "plan with program args",
        "POST",
        JAR + "/plan",
        json_body={"programArgsList": ["--par", "1", "--name", "planned"]},
    )
    driver.step("plan query programArg", "GET", JAR + "/plan", "programArg=--par,1")
    driver.step("plan query parallelism", "GET", JAR + "/plan", "parallelism=3")
    driver.step("plan entry class", "POST", JAR + "/plan", json_body={"entryClass": "org.example.jobs.Finite"})
    driver.step("plan query entry-class", "GET", JAR + "/plan", "entry-class=org.example.jobs.TwoSources")
    driver.step("plan unknown entry class", "POST", JAR + "/plan", json_body={"entryClass": "org.example.jobs.Nope"})
    driver.step("plan parallelism 0", "GET", JAR + "/plan", "parallelism=0")
    driver.step("plan parallelism text", "GET", JAR + "/plan", "parallelism=two")
    driver.step("plan jobId", "POST", JAR + "/plan", json_body={"jobId": UNKNOWN_ID})
    driver.step("plan unknown field", "POST", JAR + "/plan", json_body={"nope": 1})
    driver.step("plan unknown jar", "GET", "/jars/no-such-jar.jar/plan")
    driver.step("plan jar main throws", "GET", "/jars/{jar_mainthrows}/plan")
    driver.step("plan jar no main", "GET", "/jars/{jar_nomain}/plan")
    driver.step("plan jar no execute", "GET", "/jars/{jar_noexecute}/plan")
    driver.step("plan jar two entries", "GET", "/jars/{jar_twoentries}/plan")
    driver.step("plan jar main class missing", "GET", "/jars/{jar_badmain}/plan")
    driver.step("plan text named jar", "GET", "/jars/text.jar/plan")


def run(
    driver: Driver, name: str, path: str = JAR, query: str | None = None, *, read_config: bool = False, **request: Any
) -> None:
    """Run a jar, and cancel the job if one starts. With `read_config`, read the job's configuration before."""
    response = driver.step(f"run {name}", "POST", path + "/run", query, **request)
    if isinstance(response, dict) and "jobid" in response:
        driver.variables["started"] = response["jobid"]
        if read_config:
            driver.step(f"run {name}: config of the job", "GET", "/jobs/{started}/config")
        cancel(driver, "started")


def send_invalid_runs(driver: Driver) -> None:
    """Send invalid requests. Flink starts a job for a few of them all the same."""
    run(driver, "unknown jar", "/jars/no-such-jar.jar")
    run(driver, "jar main throws", "/jars/{jar_mainthrows}")
    run(driver, "jar no main", "/jars/{jar_nomain}")
    run(driver, "jar no execute", "/jars/{jar_noexecute}")
    run(driver, "jar two entries without entry class", "/jars/{jar_twoentries}")
    run(driver, "jar main class missing", "/jars/{jar_badmain}")
    run(driver, "unknown entry class", json_body={"entryClass": "org.example.jobs.Nope"})
    run(driver, "parallelism 0 in query", query="parallelism=0")
    run(driver, "parallelism -2 in query", query="parallelism=-2")
    run(driver, "parallelism text in query", query="parallelism=two")
    run(driver, "parallelism text in body", json_body={"parallelism": "two"})
    run(driver, "parallelism -5 in body", json_body={"parallelism": -5})
    run(driver, "parallelism twice", query="parallelism=1&parallelism=2")
    run(driver, "allowNonRestoredState text", query="allowNonRestoredState=maybe")
    run(driver, "jobId bad", json_body={"jobId": "xyz"})
    run(driver, "unknown field", json_body={"nope": 1})
    run(driver, "broken json", body=b"{", headers=JSON_HEADERS)
    run(driver, "json array", body=b"[]", headers=JSON_HEADERS)
    run(driver, "savepoint missing", json_body={"savepointPath": "file:///no/such/savepoint"})
    run(driver, "claimMode bad", json_body={"claimMode": "NOPE"})
    run(driver, "restoreMode bad", json_body={"restoreMode": "NOPE"})
    run(driver, "flinkConfiguration bad type", json_body={"flinkConfiguration": "x"})
    driver.step("run with GET", "GET", JAR + "/run")
    driver.step("run-application unknown jar", "POST", "/jars/no-such-jar.jar/run-application")


def run_jobs(driver: Driver) -> None:
    """Send requests that start a job. Some releases reject some of them."""
    run_and_read_config = partial(run, driver, read_config=True)
    run_and_read_config("without body")
    run_and_read_config("empty body", json_body={})
    run_and_read_config("empty body with content-type", headers=JSON_HEADERS, body=b"")
    run_and_read_config("no content-type", body=b"{}")
    run_and_read_config(
        "all options in body",
        json_body={
            "entryClass": "org.example.jobs.WordCount",
            "parallelism": 1,
            "programArgsList": ["--par", "1", "--name", "all options"],
            "allowNonRestoredState": True,
            "jobId": "00000000000000000000000000000042",
        },
    )
    run_and_read_config("same jobId again", json_body={"jobId": "00000000000000000000000000000042"})
    run_and_read_config(
        "options in query",
        query="entry-class=org.example.jobs.WordCount&parallelism=1&programArg=--par,1&allowNonRestoredState=true",
    )
    run_and_read_config(
        "query and body differ",
        query="parallelism=1",
        json_body={"parallelism": 2, "programArgsList": ["--name", "from body"]},
    )
    run_and_read_config("programArgs string", json_body={"programArgs": "--par 1 --name 'old style'"})
    run_and_read_config("program-args query", query="program-args=--par%201")
    run_and_read_config("programArgs and list", json_body={"programArgs": "--par 1", "programArgsList": ["--par", "2"]})
    run_and_read_config(
        "flinkConfiguration",
        json_body={"flinkConfiguration": {"pipeline.name": "configured name", "parallelism.default": "1"}},
    )
    run_and_read_config("claimMode", json_body={"claimMode": "CLAIM"})
    run_and_read_config("restoreMode", json_body={"restoreMode": "NO_CLAIM"})
    run_and_read_config(
        "two entries with entry class",
        path="/jars/{jar_twoentries}",
        json_body={"entryClass": "org.example.jobs.WordCount"},
    )


def run_application(driver: Driver) -> None:
    """Run a jar as an application, which is possible since 2.3."""
    response: Body = driver.step("run-application", "POST", JAR + "/run-application")
    driver.variables["app"] = response.get("applicationid", UNKNOWN_ID) if isinstance(response, dict) else UNKNOWN_ID
    time.sleep(2)
    driver.step(None, "GET", "/applications/overview")
    driver.step(None, "GET", "/applications/{app}")
    driver.step(None, "GET", "/applications/{app}/exceptions")
    driver.step(None, "GET", "/applications/{app}/jobmanager/config")
    driver.step(None, "POST", "/applications/{app}/cancel")
    driver.poll(
        "application cancelled",
        "/applications/{app}",
        lambda body: body["status"],
        lambda body: body["status"] in TERMINAL_STATES,
        timeout=10,
    )
    driver.step("cancel application again", "POST", "/applications/{app}/cancel")
    driver.step(None, "POST", "/applications/{unknown}/cancel")


def delete_jars(driver: Driver) -> None:
    driver.step("delete", "DELETE", SECOND_JAR)
    driver.step("delete again", "DELETE", SECOND_JAR)
    driver.step("plan deleted", "GET", SECOND_JAR + "/plan")
    driver.step("run deleted", "POST", SECOND_JAR + "/run")
    driver.step("delete unknown", "DELETE", "/jars/no-such-jar.jar")
    driver.step("delete without extension", "DELETE", "/jars/no-such-jar")
    driver.step("delete traversal", "DELETE", "/jars/..%2f..%2fx.jar")
    driver.step("delete collection", "DELETE", "/jars")
    driver.step("list after delete", "GET", "/jars")
