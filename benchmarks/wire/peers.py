"""Starts flinkmock and the servers that it is compared with."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks.wire.process import Server, free_port, running_server
from tests.fidelity.multipart import encode, jar_part
from tests.fidelity.real_cluster import real_cluster

ROOT = Path(__file__).parents[2]
_BARE_MODULES = {"aiohttp": "benchmarks.wire.bare", "asyncio": "benchmarks.wire.protocol"}


@contextlib.contextmanager
def flinkmock(scenario: Path, clock: str, name: str = "flinkmock") -> Iterator[Server]:
    """Start `flinkmock serve` with the Python of this process."""
    port = free_port()
    command = [sys.executable, "-m", "flinkmock", "serve", str(scenario), "--port", str(port), "--clock", clock, "-q"]
    with running_server(name, command, f"http://127.0.0.1:{port}", environment={"PYTHONPATH": str(ROOT)}) as server:
        yield server


@contextlib.contextmanager
def bare(bodies: Mapping[str, bytes], name: str = "aiohttp") -> Iterator[Server]:
    """Start a server that sends fixed bodies by target: the bare aiohttp application, or the bare asyncio protocol."""
    with tempfile.TemporaryDirectory() as folder:
        index = {target: f"{number}.json" for number, target in enumerate(bodies)}
        for target, body in bodies.items():
            Path(folder, index[target]).write_bytes(body)
        Path(folder, "index.json").write_text(json.dumps(index))
        port = free_port()
        command = [sys.executable, "-m", _BARE_MODULES[name], str(port), folder]
        url, target = f"http://127.0.0.1:{port}", next(iter(bodies))
        with running_server(name, command, url, target=target, environment={"PYTHONPATH": str(ROOT)}) as server:
            yield server


@contextlib.contextmanager
def wiremock(jar: Path, bodies: Mapping[str, bytes]) -> Iterator[Server]:
    """Start WireMock with one stub for each target (npm package `wiremock`, which contains the jar)."""
    with tempfile.TemporaryDirectory() as folder:
        mappings = Path(folder, "mappings")
        mappings.mkdir()
        for number, (target, body) in enumerate(bodies.items()):
            response = {"status": 200, "body": body.decode(), "headers": {"Content-Type": "application/json"}}
            stub = {"request": {"method": "GET", "urlPath": target}, "response": response}
            Path(mappings, f"{number}.json").write_text(json.dumps(stub))
        port = free_port()
        command = ["java", "-jar", str(jar), "--port", str(port), "--bind-address", "127.0.0.1"]
        command += ["--root-dir", folder, "--no-request-journal", "--disable-banner"]
        with running_server("WireMock", command, f"http://127.0.0.1:{port}", target=next(iter(bodies))) as server:
            yield server


@contextlib.contextmanager
def prism(program: Path, path_by_target: Mapping[str, str], bodies: Mapping[str, bytes]) -> Iterator[Server]:
    """Start Prism with the whole OpenAPI document and the bodies as examples (npm package `@stoplight/prism-cli`).

    `path_by_target` maps the targets of requests to the paths in the document.
    """
    completed = subprocess.run(
        [sys.executable, "-m", "flinkmock", "openapi"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    document = json.loads(completed.stdout)
    for target, path in path_by_target.items():
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        content.pop("examples", None)
        content["example"] = json.loads(bodies[target])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "flink.json")
        file.write_text(json.dumps(document))
        port = free_port()
        command = [str(program), "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "error", str(file)]
        with running_server("Prism", command, f"http://127.0.0.1:{port}", target=next(iter(bodies))) as server:
            yield server


@contextlib.contextmanager
def real_flink(home: Path, java: str) -> Iterator[Server]:
    """Start a real cluster. Only its JobManager is measured; the TaskManager is another process."""
    with tempfile.TemporaryDirectory() as folder, real_cluster(home, java, Path(folder)) as url:
        yield Server("Flink", url, _jobmanager_pid(folder), 0.0)


def _jobmanager_pid(folder: str) -> int:
    """Return the process id of the JobManager whose files are in a folder."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            if b"StandaloneSessionClusterEntrypoint" in command and folder.encode() in command:
                return int(entry.name)
    raise RuntimeError("the real cluster has no JobManager")


def submit_word_count(real: Server) -> str:
    """Run the word count of the recordings on a real cluster; return the id of the running job."""
    jar = ROOT / "tests" / "fidelity" / "jars" / "2.3.0" / "wordcount.jar"
    form, content_type = encode([jar_part(jar.name, jar.read_bytes())])
    request = Request(f"{real.url}/jars/upload", form, {"Content-Type": content_type})
    with urlopen(request) as response:
        jar_id = json.load(response)["filename"].rsplit("/", 1)[-1]
    with urlopen(Request(f"{real.url}/jars/{jar_id}/run", b"{}", {"Content-Type": "application/json"})) as response:
        job: str = json.load(response)["jobid"]
    time.sleep(15)  # until the JobManager has fetched the metrics of the tasks
    return job
