"""`flinkmock doctor`: reports which required and optional dependencies this machine has."""

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
"""States of a line: available; optional and not available; required and not available."""
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
"""Program -> its use."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DEFAULT_PORT = 8081
"""The default port of `flinkmock serve`."""
JAVA_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the report.

    Attributes:
        name: What was looked for.
        state: `OK`, `MISSING` or `BROKEN`.
        detail: The version or path; if it is not available, what it is for or how to get it.
    """

    name: str
    state: str
    detail: str


def configure(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "doctor",
        help="report what is available: versions, optional packages, dashboard, Java, browser, port",
        description="Reports what flinkmock finds on this machine, and how to get what is missing. The exit code is 1 "
        "if a required package is missing, which is marked as broken.",
        examples=("flinkmock doctor", "flinkmock doctor --json"),
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    lines = list(examine_machine())
    if args.json:
        print(json.dumps([asdict(line) for line in lines], indent=1))
    else:
        width = max(len(line.name) for line in lines)
        for line in lines:
            print(f"{paint(f'{line.state:8}', _COLOURS[line.state])} {line.name:{width}}  {line.detail}".rstrip())
    return int(any(line.state == BROKEN for line in lines))


def examine_machine() -> Iterator[ReportLine]:
    """Yield the lines of the report, starting with what is required."""
    yield _own_version()
    yield ReportLine("Python", OK, f"{platform.python_version()} at {sys.executable}, {platform.platform(terse=True)}")
    for name in REQUIRED:
        version = _version_of(name)
        yield ReportLine(name, OK if version else BROKEN, version or f"pip install {name}")
    yield _releases()
    yield _port()
    for name, use in OPTIONAL.items():
        version = _version_of(name)
        yield ReportLine(name, OK if version else MISSING, version or f"for {use}")
    yield _dashboard()
    yield _java()
    yield _program("browser", BROWSERS, "the tests of the console and of the dashboard")
    for name, use in PROGRAMS.items():
        yield _program(name, (name,), use)


def _own_version() -> ReportLine:
    import flinkmock

    return ReportLine("flinkmock", OK, f"{flinkmock.__version__} at {Path(flinkmock.__file__).parent}")


def _version_of(distribution: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _releases() -> ReportLine:
    from flinkmock.contract import known_releases

    releases = known_releases()
    return ReportLine("Flink releases", OK, f"{releases[0]} to {releases[-1]} ({len(releases)})")


def _port() -> ReportLine:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError as error:
            advice = "use `flinkmock serve --port 0`"
            return ReportLine(f"port {DEFAULT_PORT}", MISSING, f"taken ({error.strerror}): {advice}")
    return ReportLine(f"port {DEFAULT_PORT}", OK, "free")


def _dashboard() -> ReportLine:
    from flinkmock.contract import LATEST, Contract
    from flinkmock.errors import DashboardMissing
    from flinkmock.rest.dashboard import AUTO, Dashboard

    release = Contract.load(LATEST).release
    try:
        return ReportLine("Flink's dashboard", OK, f"{release.minor} in {Dashboard.load(AUTO, release).source}")
    except DashboardMissing:
        return ReportLine("Flink's dashboard", MISSING, f"none for {release.minor}: flinkmock dashboard fetch")


def _java() -> ReportLine:
    home = os.environ.get("JAVA_HOME")
    program = shutil.which(Path(home) / "bin" / "java") if home else shutil.which("java")
    if program is None:
        return ReportLine("Java", MISSING, "for Flink's own command line, PyFlink and clients/java")
    try:
        completed = subprocess.run(
            [program, "-version"], capture_output=True, text=True, check=False, timeout=JAVA_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return ReportLine("Java", MISSING, f"{program} can't be run: {error}")
    version = re.search(r'version "([^"]+)"', completed.stderr + completed.stdout)
    return ReportLine("Java", OK, f"{version[1] if version else 'unknown version'} at {program}")


def _program(name: str, programs: tuple[str, ...], use: str) -> ReportLine:
    for program in programs:
        if path := shutil.which(program):
            return ReportLine(name, OK, path)
    return ReportLine(name, MISSING, f"for {use}")
