"""The promises of SECURITY.md."""

from __future__ import annotations

import argparse
import ast
import io
import os
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
from flinkmock.cli.serve import configure
from flinkmock.scenario import load_scenario
from tests.timeouts import PATIENCE

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "flinkmock"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def upload(mock: FlinkMock, name: str = "a.jar", content: bytes | None = None) -> int:
    files = {"jarfile": (name, small_jar() if content is None else content)}
    return httpx.post(mock.url + "/jars/upload", files=files).status_code


# It listens on the loopback address by default.


def test_the_address() -> None:
    commands = argparse.ArgumentParser().add_subparsers(parser_class=_Parser)
    configure(commands)
    assert commands.choices["serve"].get_default("host") == "127.0.0.1"
    with FlinkMock(clock="virtual") as mock:
        assert socket.gethostbyname(mock.host).startswith("127.")


class _Parser(argparse.ArgumentParser):
    """Ignores the examples."""

    def __init__(self, *args: object, examples: object = (), **kwargs: object) -> None:
        super().__init__(*args, **kwargs)


# No code of users runs; nothing is unpickled; programs are started only by commands that document it.

ALLOWED = {
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


def _uses(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Call | ast.Attribute):
            yield ast.unparse(node.func if isinstance(node, ast.Call) else node)


def test_dangerous_functions() -> None:
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text("utf-8")
        used = set(_uses(ast.parse(text))) if any(name in text for name in ALLOWED) else set()
        name = file.relative_to(PACKAGE).as_posix()
        for function in used & ALLOWED.keys():
            assert name in ALLOWED[function], f"{name} uses {function}"


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [id]", "!!python/name:os.system", "!x y"])
def test_tags_in_scenarios(tag: str) -> None:
    with pytest.raises(ScenarioError, match=r"tags such as .* are not supported"):
        load_scenario(f"jobs: {tag}\n")


# Uploads stay in a private folder.

NAMES = ["../../../evil.jar", "/etc/evil.jar", "..\\evil.jar", "a/b.jar", "%2e%2e%2fevil.jar", "~.jar", "-rf.jar"]


def test_uploads(temporary: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as jar:
        jar.writestr("../../outside.txt", "x")
        jar.writestr("/tmp/outside.txt", "x")
        jar.writestr("META-INF/MANIFEST.MF", "Main-Class: a.B\n")
    with FlinkMock(clock="virtual") as mock:
        for name in NAMES:
            assert upload(mock, name, archive.getvalue()) == 200
        [folder] = temporary.iterdir()
        files = [file for file in temporary.rglob("*") if file.is_file() and file.name != "lock"]
        assert len(files) == len(NAMES)
        for file in files:
            assert file.parent.parent == folder
            assert all(character in "0123456789abcdef-" for character in file.stem)
        for directory in (folder, *(child for child in folder.rglob("*") if child.is_dir())):
            assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert [file.name for file in temporary.rglob("*") if file.is_file()] == ["lock"]


def test_leftovers(temporary: Path) -> None:
    """Those of a killed process are removed, those of a running one and of others are not."""
    killed, other, link = (temporary / f"{private_files.PREFIX}{name}" for name in ("killed", "other", "link"))
    (killed / "jars-1").mkdir(parents=True)
    (killed / "lock").touch()
    (other / "jars-1").mkdir(parents=True)
    (temporary / "target").mkdir()
    (temporary / "target" / "lock").touch()
    link.symlink_to(temporary / "target")
    (temporary / "flinkmock-something").mkdir()
    with FlinkMock(clock="virtual") as mock:
        assert upload(mock) == 200
        [running] = set(temporary.glob(f"{private_files.PREFIX}*")) - {killed, other, link}
        private_files.remove_leftovers()
        assert not killed.exists()
        assert (other / "jars-1").exists()
        assert (temporary / "target" / "lock").exists()
        assert running.exists()
        assert (temporary / "flinkmock-something").exists()


@pytest.mark.slow
def test_leftovers_of_a_killed_server(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    def serve() -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "flinkmock", "serve", "--port", "0", "--ready-file", str(tmp_path / "ready")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        return process, process.stdout.readline().split()[3]

    process, url = serve()
    files = {"jarfile": ("a.jar", small_jar())}
    assert httpx.post(url + "/jars/upload", files=files).status_code == 200
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert len(list(tmp_path.glob(f"{private_files.PREFIX}*"))) == 1
    process, url = serve()
    assert list(tmp_path.glob(f"{private_files.PREFIX}*")) == []
    process.terminate()
    process.communicate(timeout=PATIENCE)


# Files of the machine can't be read.

PATHS = [
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


@pytest.mark.parametrize("path", PATHS)
def test_paths(path: str) -> None:
    from tests.server.raw_connection import RawConnection

    with FlinkMock(clock="virtual") as mock, RawConnection(mock.url) as connection:
        connection.send("GET", path)
        assert b"root:" not in connection.response_body()


def test_every_promise_has_a_row() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    for line in text.splitlines():
        for name in [part for part in line.split("`") if part.startswith("tests/")]:
            assert (ROOT / name).exists(), name
