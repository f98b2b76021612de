"""`flinkmock doctor`: what is available on this machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flinkmock.cli.terminal import paint

OK, MISSING, BROKEN = "ok", "missing", "broken"
"""States of a check: available, optional and missing, required and missing."""
_COLOURS = {OK: "green", MISSING: "yellow", BROKEN: "red"}
REQUIRED = ("aiohttp", "jsonschema", "PyYAML")
OPTIONAL = {
    "time-machine": "the fixture flinkmock_time: the extra `time`",
    "hypothesis": "flinkmock.strategies and `check --fuzz`: the extra `fuzz`",
    "cryptography": "certificates for `serve --tls`: the extra `tls`",
    "Faker": "placeholders of imported releases: the extra `synthesis`",
    "pytest": "the fixtures: pip install pytest",
}
"""Distribution -> its use, and how to get it."""
PROGRAMS = {
    "node": "clients/js",
    "go": "clients/go",
    "mvn": "clients/java",
    "docker": "the container image",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PORT = 8081
JAVA_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Check:
    """A line of the report: a name, its state, and either the details or how to get it."""

    name: str
    state: str
    detail: str


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="report what is available: versions, optional packages, dashboard, Java, browser, port",
        description="Reports what flinkmock finds on this machine, and how to get what is missing. Only what is marked "
        "as broken is needed; the exit code is then 1.",
        examples=("flinkmock doctor", "flinkmock doctor --json"),
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    checks = list(examine())
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            print(f"{paint(f'{check.state:8}', _COLOURS[check.state])} {check.name:{width}}  {check.detail}".rstrip())
    return int(any(check.state == BROKEN for check in checks))


def examine() -> Iterator[Check]:
    """Yield the checks, starting with what is required."""
    yield _own_version()
    yield Check("Python", OK, f"{platform.python_version()} at {sys.executable}, {platform.platform(terse=True)}")
    for name in REQUIRED:
        version = _version_of(name)
        yield Check(name, OK if version else BROKEN, version or f"pip install {name}")
    yield _releases()
    yield _port()
    for name, use in OPTIONAL.items():
        version = _version_of(name)
        yield Check(name, OK if version else MISSING, version or f"for {use}")
    yield _dashboard()
    yield _java()
    yield _program("browser", BROWSERS, "the tests of the console and of the dashboard")
    for name, use in PROGRAMS.items():
        yield _program(name, (name,), use)


def _own_version() -> Check:
    import flinkmock

    return Check("flinkmock", OK, f"{flinkmock.__version__} at {Path(flinkmock.__file__).parent}")


def _version_of(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _releases() -> Check:
    from flinkmock.contract import known_releases

    known = known_releases()
    return Check("Flink releases", OK, f"{known[0]} to {known[-1]} ({len(known)})")


def _port() -> Check:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", PORT))
        except OSError as error:
            return Check(f"port {PORT}", MISSING, f"taken ({error.strerror}): use `flinkmock serve --port 0`")
    return Check(f"port {PORT}", OK, "free")


def _dashboard() -> Check:
    from flinkmock.contract import LATEST, Contract
    from flinkmock.errors import DashboardMissing
    from flinkmock.rest.dashboard import AUTO, Dashboard

    release = Contract.load(LATEST).release
    try:
        return Check("Flink's dashboard", OK, f"{release.minor} in {Dashboard.load(AUTO, release).source}")
    except DashboardMissing:
        return Check("Flink's dashboard", MISSING, f"none of {release.minor}: flinkmock dashboard fetch")


def _java() -> Check:
    home = os.environ.get("JAVA_HOME")
    program = shutil.which(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None:
        return Check("Java", MISSING, "for Flink's own command line, PyFlink and clients/java")
    try:
        completed = subprocess.run(
            [program, "-version"], capture_output=True, text=True, check=False, timeout=JAVA_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("Java", MISSING, f"{program} can't be run: {error}")
    version = re.search(r'version "([^"]+)"', completed.stderr + completed.stdout)
    return Check("Java", OK, f"{version[1] if version else 'unknown version'} at {program}")


def _program(name: str, programs: tuple[str, ...], use: str) -> Check:
    for program in programs:
        if path := shutil.which(program):
            return Check(name, OK, path)
    return Check(name, MISSING, f"for {use}")
