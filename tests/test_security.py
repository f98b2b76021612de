"""flinkmock keeps the promises of SECURITY.md. The comment before each group of tests repeats the promises."""

from __future__ import annotations

import ast
import io
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from flinkmock import FlinkMock, ScenarioError, private_files, small_jar
from flinkmock.cli.parser import Parser
from flinkmock.cli.serve import configure
from flinkmock.scenario import load_scenario
from tests.server.raw_connection import RawConnection
from tests.timeouts import TEST_TIMEOUT_S

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "flinkmock"


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which flinkmock creates temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def upload(mock: FlinkMock, name: str = "a.jar", content: bytes | None = None) -> int:
    files = {"jarfile": (name, small_jar() if content is None else content)}
    return httpx.post(mock.url + "/jars/upload", files=files).status_code


# It listens on the loopback address by default.


def test_the_default_address_is_a_loopback_address() -> None:
    commands = Parser().add_subparsers()
    configure(commands)
    assert commands.choices["serve"].get_default("host") == "127.0.0.1"
    with FlinkMock(clock="virtual") as mock:
        assert socket.gethostbyname(mock.host).startswith("127.")


# No submitted code runs. No text becomes code. No input is unpickled. The server starts no programs.

ALLOWED_FILES: dict[str, set[str]] = {
    "exec": {"rest/rendering/writer.py"},
    "eval": set(),
    "compile": set(),
    "pickle": {"cluster/snapshot.py", "flink/type_serializers.py"},
    "pickle.load": set(),
    "pickle.loads": set(),
    "pickle.Unpickler": {"cluster/snapshot.py"},
    "marshal": set(),
    "shelve": set(),
    "subprocess": {"cli/dashboard_download.py", "cli/doctor.py"},
    "os.system": set(),
    "os.popen": set(),
}
"""Modules and functions that can run code, and the files of flinkmock that may use them."""


def _used_names(tree: ast.AST) -> Iterator[str]:
    """Yield the modules that a module imports, and the functions and attributes that it uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Call | ast.Attribute):
            yield ast.unparse(node.func if isinstance(node, ast.Call) else node)


def test_dangerous_functions_are_used_only_in_allowed_files() -> None:
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text("utf-8")
        if not any(name in text for name in ALLOWED_FILES):
            continue  # parsing all files would take seconds
        path = file.relative_to(PACKAGE).as_posix()
        for name in ALLOWED_FILES.keys() & set(_used_names(ast.parse(text))):
            assert path in ALLOWED_FILES[name], f"{path} uses {name}"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [id]", "!!python/name:os.system", "!x y"])
def test_yaml_tags_are_rejected(tag: str) -> None:
    with pytest.raises(ScenarioError, match=r"tags such as .* are not supported"):
        load_scenario(f"jobs: {tag}\n")


# Uploads stay in a private folder.

HOSTILE_NAMES = [
    "../../../evil.jar",
    "/etc/evil.jar",
    "..\\evil.jar",
    "a/b.jar",
    "%2e%2e%2fevil.jar",
    "~.jar",
    "-rf.jar",
]


def test_uploads_stay_in_a_private_folder(temporary_folder: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as jar:
        jar.writestr("../../outside.txt", "x")
        jar.writestr("/tmp/outside.txt", "x")
        jar.writestr("META-INF/MANIFEST.MF", "Main-Class: a.B\n")
    with FlinkMock(clock="virtual") as mock:
        for name in HOSTILE_NAMES:
            assert upload(mock, name, archive.getvalue()) == 200
        [folder] = temporary_folder.iterdir()
        files = [file for file in temporary_folder.rglob("*") if file.is_file() and file.name != "lock"]
        assert len(files) == len(HOSTILE_NAMES)
        for file in files:
            assert file.parent.parent == folder
            assert all(character in "0123456789abcdef-" for character in file.stem)
        for directory in (folder, *(child for child in folder.rglob("*") if child.is_dir())):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [file.name for file in temporary_folder.rglob("*") if file.is_file()] == ["lock"]


def test_only_folders_of_killed_processes_are_removed(temporary_folder: Path) -> None:
    names = ("killed", "without-lock", "link")
    killed, without_lock, link = (temporary_folder / f"{private_files.PREFIX}{name}" for name in names)
    (killed / "jars-1").mkdir(parents=True)
    (killed / "lock").touch()
    (without_lock / "jars-1").mkdir(parents=True)
    (temporary_folder / "target").mkdir()
    (temporary_folder / "target" / "lock").touch()
    link.symlink_to(temporary_folder / "target")
    (temporary_folder / "flinkmock-something").mkdir()
    with FlinkMock(clock="virtual") as mock:
        assert upload(mock) == 200
        [running] = set(temporary_folder.glob(f"{private_files.PREFIX}*")) - {killed, without_lock, link}
        private_files.remove_leftovers()
        assert not killed.exists()
        assert (without_lock / "jars-1").exists()
        assert (temporary_folder / "target" / "lock").exists()
        assert running.exists()
        assert (temporary_folder / "flinkmock-something").exists()


@pytest.mark.slow
def test_a_new_server_removes_the_folder_of_a_killed_one(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    def serve() -> tuple[subprocess.Popen[str], str]:
        """Start a server; return its process and its URL."""
        command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0", "--ready-file", str(tmp_path / "ready")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        return process, process.stdout.readline().split()[3]

    process, url = serve()
    files = {"jarfile": ("a.jar", small_jar())}
    assert httpx.post(url + "/jars/upload", files=files).status_code == 200
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=TEST_TIMEOUT_S)
    assert len(list(tmp_path.glob(f"{private_files.PREFIX}*"))) == 1
    process, url = serve()
    assert list(tmp_path.glob(f"{private_files.PREFIX}*")) == []
    process.terminate()
    process.communicate(timeout=TEST_TIMEOUT_S)


# Files of the machine can't be read.

TRAVERSAL_PATHS = [
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/%252e%252e/%252e%252e/etc/passwd",
    "//etc/passwd",
    "/..\\..\\etc\\passwd",
    "/jobmanager/logs/..%2f..%2f..%2fetc%2fpasswd",
    "/jobmanager/logs/%2fetc%2fpasswd",
    "/taskmanagers/x/logs/..%2f..%2fetc%2fpasswd",
    "/jars/..%2f..%2fetc%2fpasswd/plan",
    "/assets/../../../etc/passwd",
]


@pytest.mark.parametrize("path", TRAVERSAL_PATHS)
def test_paths_do_not_lead_out_of_the_served_folders(path: str) -> None:
    with FlinkMock(clock="virtual") as mock, RawConnection(mock.url) as connection:
        connection.send("GET", path)
        assert b"root:" not in connection.response_body()


def test_the_tests_that_security_md_names_exist() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    for path in re.findall(r"`(tests/[^`\n]+)`", text):
        assert (ROOT / path).exists(), path
