"""Sends what real clients send to a real Flink through `flinkmock proxy`: curl, Flink's command line, a browser.

    python -m tests.proxy.real_clients 2.3.0

It sends bodies of 1 B to 200 MiB, with and without `Expect`, with a content length and chunked. It checks that each
response has the same status as without the proxy, that Flink's commands succeed, that each page of the dashboard has
the same errors as without the proxy, and that the proxy reports no findings, no request without a response and no
unknown operation. It takes about five minutes. It needs curl. The browser needs the same tools as tests/dashboard, and
is skipped without them. `--only uploads,bodies,commands,browser` selects parts.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from tests.cli_of_flink.flink_command import FlinkCommand
from tests.dashboard.browser import Browser, missing_requirement
from tests.dashboard.test_pages import PAGES
from tests.fidelity.distribution import flink_home, java_for
from tests.fidelity.driver import Driver
from tests.fidelity.job_steps import start_job, wait_for_checkpoints
from tests.fidelity.real import jars_for
from tests.fidelity.real_cluster import real_cluster
from tests.proxy.proxy_process import ProxyProcess

BODY_SIZES = {"1 B": 1, "1 kB": 1_000, "3 MB": 3_000_000, "110 MB": 110_000_000, "200 MiB": 200 << 20}
CURL_OPTIONS = {
    "curl's headers": (),
    "no Expect": ("-H", "Expect:"),
    "Expect": ("-H", "Expect: 100-continue"),
    "chunked": ("-H", "Transfer-Encoding: chunked"),
    "chunked, no Expect": ("-H", "Transfer-Encoding: chunked", "-H", "Expect:"),
}
CURL_TIMEOUT_S = 180
MISSING_JOBS = ("price-import", "nightly-report")
"""Jobs that the cluster lacks. Pages of the dashboard that need them are not visited."""


class Clients:
    """Sends requests to one cluster, directly and through the proxy.

    Args:
        direct_url: The URL of the cluster.
        proxy_url: The URL of the proxy.
        folder: The folder for temporary files.
    """

    def __init__(self, direct_url: str, proxy_url: str, folder: Path) -> None:
        self.direct_url, self.proxy_url, self.folder = direct_url, proxy_url, folder
        self.failures: list[str] = []

    def compare(self, description: str, send: Callable[[str], Any]) -> None:
        """Compare the results of `send` for the URL of the cluster and for that of the proxy."""
        direct_result, proxied_result = send(self.direct_url), send(self.proxy_url)
        is_equal = direct_result == proxied_result
        self.check(f"{description}: {proxied_result}", f"directly {direct_result}", has_passed=is_equal)

    def check(self, description: str, details: str, *, has_passed: bool) -> None:
        """Print the result of a check, with details if it failed, and remember a failure."""
        print(description if has_passed else f"FAILURE: {description}, {details}", flush=True)
        if not has_passed:
            self.failures.append(description)

    def create_file(self, size: int) -> Path:
        """Create a file of `size` bytes with a brace and spaces: as a body, this is incomplete JSON."""
        file = self.folder / f"{size}.jar"
        if not file.exists():
            with file.open("wb") as out:
                out.write(b"{" + b" " * (size - 1))
        return file

    def curl(self, *arguments: str) -> tuple[str, str]:
        """Return the status of a response, and a text with curl's exit code ("" if it is 0)."""
        command = ["curl", "-sS", "-o", str(self.folder / "body"), "-w", "%{http_code}", "-m", str(CURL_TIMEOUT_S)]
        completed = subprocess.run([*command, *arguments], capture_output=True, text=True)
        return completed.stdout, f"curl: {completed.returncode}" if completed.returncode else ""

    def send_uploads(self) -> None:
        for (size_text, size), (headers, options) in product(BODY_SIZES.items(), CURL_OPTIONS.items()):

            def upload(url: str, size: int = size, options: tuple[str, ...] = options) -> tuple[str, str]:
                result = self.curl(*options, "-F", f"jarfile=@{self.create_file(size)}", f"{url}/jars/upload")
                for jar in read_json(f"{self.direct_url}/jars")["files"]:
                    self.curl("-X", "DELETE", f"{url}/jars/{jar['id']}")
                return result

            self.compare(f"upload of {size_text}, {headers}", upload)

    def send_bodies(self) -> None:
        target = f"/jobs/{'0' * 32}/savepoints"
        for (size_text, size), (headers, options) in product(BODY_SIZES.items(), CURL_OPTIONS.items()):

            def post(url: str, size: int = size, options: tuple[str, ...] = options) -> tuple[str, str]:
                content = ("-H", "Content-Type: application/json", "--data-binary", f"@{self.create_file(size)}")
                return self.curl(*options, *content, f"{url}{target}")

            self.compare(f"JSON of {size_text}, {headers}", post)

    def run_commands(self, java: str, home: Path, jars: Path) -> None:
        folder = self.folder / "cli"
        folder.mkdir()
        address = self.proxy_url.removeprefix("http://")
        flink = FlinkCommand(java, home / "lib", folder, address)
        flink.write_configuration()
        savepoints = f"file://{self.folder}/savepoints"
        job_id = savepoint = ""
        wordcount = str(jars / "wordcount.jar")
        for arguments in (
            ["list"],
            ["run", "-d", wordcount],
            ["list", "-r"],
            ["savepoint", "JOB", savepoints],
            ["stop", "-p", savepoints, "JOB"],
            ["run", "-d", "-s", "SAVEPOINT", wordcount],
            ["cancel", "JOB"],
            ["savepoint", "-d", "SAVEPOINT"],
            ["list", "-a"],
        ):
            words = [{"JOB": job_id, "SAVEPOINT": savepoint}.get(word, word) for word in arguments]
            code, output = flink.run([words[0], "-m", address, *words[1:]])
            self.check(f"flink {' '.join(arguments)}: exit code {code}", output, has_passed=code == 0)
            if arguments[0] == "run" and (match := re.search("[0-9a-f]{32}", output)):
                job_id = match[0]
                driver = Driver(self.direct_url, jars, str(self.folder))
                driver.variables["job"] = job_id
                wait_for_checkpoints(driver, 1)
            if match := re.search(r"file:\S*savepoint-[0-9a-f-]+", output):
                savepoint = match[0]

    def visit_pages(self, job_id: str) -> None:
        if missing := missing_requirement():
            print(f"no browser: {missing}")
            return
        vertices = read_json(f"{self.direct_url}/jobs/{job_id}")["vertices"]
        taskmanager_id = read_json(f"{self.direct_url}/taskmanagers")["taskmanagers"][0]["id"]
        browser = Browser(self.folder / "profile")
        try:
            for page in pages(job_id, vertices[0]["id"], taskmanager_id):
                self.compare(f"page {page}", lambda url, page=page: page_errors(browser, url, page))
        finally:
            browser.close()


def pages(job_id: str, vertex_id: str, taskmanager_id: str) -> list[str]:
    """Return the pages of the dashboard that a cluster with one job has."""
    ids = {"orders": job_id, "window": vertex_id, "taskmanager": taskmanager_id}
    return [page.format(**ids) for page in PAGES if not any(f"{{{name}}}" in page for name in MISSING_JOBS)]


def read_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def page_errors(browser: Browser, url: str, page: str) -> list[str]:
    """Visit a page of the dashboard; return its errors, without the URL of the server."""
    browser.open(f"{url}/#{page}")
    browser.wait_for("Apache Flink Dashboard", "Version")
    browser.driver.implicitly_wait(3)
    browser.driver.find_elements("css selector", "never")  # waits while the page loads
    browser.driver.implicitly_wait(0)
    return sorted({error.replace(url, "") for error in browser.take_errors()})


@contextmanager
def run_proxy(url: str, folder: Path, failures: list[str]) -> Iterator[str]:
    """Run `flinkmock proxy` as a process; yield the URL of the proxy.

    At the end, print the proxy's summary. If it has findings, requests without a response or unknown operations, add a
    failure to `failures`.
    """
    with ProxyProcess(url, "--journal", str(folder / "journal.har")) as proxy:
        yield proxy.url
    request_count = len(json.loads((folder / "journal.har").read_text())["log"]["entries"])
    summary = proxy.output[proxy.output.index(f"{url} as Flink") :]
    print(f"{request_count} requests in the journal\n{summary}")
    if proxy.exit_code or "\nwithout a response:" in summary or "not an operation" in summary:
        failures.append(f"the proxy itself: exit code {proxy.exit_code}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", help="a Flink version, such as 2.3.0")
    parser.add_argument("--only", default="uploads,bodies,commands,browser", help="default: %(default)s")
    parser.add_argument("--home", type=Path, help="a distribution (lib, bin, …); default: it is downloaded")
    parser.add_argument("--java", help="the java command; default: `java`, and a downloaded Java 11 before 1.15")
    args = parser.parse_args()
    home, java = args.home or flink_home(args.version), args.java or java_for(args.version)
    jars, parts = jars_for(args.version), args.only.split(",")
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as name, real_cluster(home, java, Path(name)) as url:
        folder = Path(name)
        driver = Driver(url, jars, f"{folder}/scratch")
        driver.begin_suite("jobs")
        job_id = start_job(driver, "wordcount", "--par", "1")
        wait_for_checkpoints(driver, 2)
        with run_proxy(url, folder, failures) as proxy_url:
            clients = Clients(url, proxy_url, folder)
            if "uploads" in parts:
                clients.send_uploads()
            if "bodies" in parts:
                clients.send_bodies()
            if "commands" in parts:
                clients.run_commands(java, home, jars)
            if "browser" in parts and job_id is not None:
                clients.visit_pages(job_id)
        failures += clients.failures
    print(f"{len(failures)} failures", *failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
