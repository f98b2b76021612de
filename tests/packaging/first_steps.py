"""Runs the commands that a new user copies: the first one of the README, and those of docs/getting-started.md.

Needs only Python, git and bash. Runs the commands in a temporary folder, with a clone of the committed state.

    python -m tests.packaging.first_steps           # installs from the clone
    python -m tests.packaging.first_steps --wheel   # installs a wheel that is built from the clone
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import ROOT, DocumentationPage

SERVE_COMMAND = re.compile(r"(flinkmock serve \S+)")
ADDRESS = "http://127.0.0.1:8081"
TIMEOUT_S = 1800
"""The maximum time of all commands of a page together. It is long because pip may be slow."""

SHELL_FUNCTIONS = """\
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
await_url() {  # file, process id
    until [ -s "$1" ] || ! kill -0 "$2"; do sleep 0.2; done
    export FLINKMOCK_URL=$(cat "$1")
}
stop() {  # process id
    kill -INT "$1"
    code=0; wait "$1" || code=$?
    [ "$code" = 0 ] || [ "$code" = 130 ]
}
"""


def script_of_readme(clone: Path) -> str:
    """Return a script with the first command of the README, which starts a cluster, and a request to that cluster."""
    command = DocumentationPage(clone / "README.md").texts("sh")[0]
    prefix, serve = command.strip().rsplit(" && ", 1)
    return SHELL_FUNCTIONS + _traced(prefix) + _with_server(serve, path="overview")


def script_of_getting_started(clone: Path, source: Path) -> str:
    """Return a script that writes the files and runs the commands of "Getting started", in their order.

    Args:
        clone: The clone that contains the page. The folder of the script is the one that contains the clone.
        source: What pip installs: the clone, or a wheel.
    """
    parts = [SHELL_FUNCTIONS]
    serve, client_commands = "", ""
    for block in DocumentationPage(clone / "docs" / "getting-started.md").blocks:
        if block.file_name:
            parts.append(f"cat > {block.file_name} <<'END_OF_FILE'\n{block.content}END_OF_FILE\n")
        elif block.language == "sh" and block.text.startswith("flinkmock serve "):
            serve = block.text.strip()
        elif block.language == "sh" and serve:
            client_commands += block.text
        elif block.language == "sh":
            parts += [_traced(line) for line in block.text.replace("../flinkmock", str(source)).splitlines()]
    return "".join([*parts, _with_server(serve, commands=client_commands)])


def _with_server(serve: str, *, path: str = "", commands: str = "") -> str:
    """Return lines that start a cluster with the command `serve`, request a path, run commands and stop the cluster."""
    start_command = SERVE_COMMAND.sub(r"\1 --port 0 --quiet --ready-file ready", serve)
    lines = [f"echo '$ {serve}'\n{start_command} &\nserver=$!\nawait_url ready \"$server\"\n"]
    if path:
        lines.append(f"python -c \"import urllib.request as r; r.urlopen('$FLINKMOCK_URL/{path}', timeout=60)\"\n")
    lines += [_traced(line) for line in commands.replace(ADDRESS, "$FLINKMOCK_URL").splitlines()]
    return "".join([*lines, 'stop "$server"\n'])


def _traced(command: str) -> str:
    """Return lines that print and run a command. The parts of a chain are run separately, to check each exit code."""
    return "".join(f"echo {_quoted('$ ' + part)}\n{part}\n" for part in command.split(" && ") if part.strip())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _run_script(script: str, folder: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment = {"PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"), **inherited, "HOME": str(folder)}
    subprocess.run(["bash", "-c", script], cwd=folder, env=environment, check=True, timeout=TIMEOUT_S)


def _make_clone(folder: Path) -> Path:
    clone = folder / "flinkmock"
    if not (ROOT / ".git").exists():  # an export of the repository
        shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules", "target"))
        return clone
    subprocess.run(["git", "clone", "--quiet", "--depth=1", ROOT.as_uri(), str(clone)], check=True)
    return clone


def _build_wheel(clone: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(clone)]
    subprocess.run(command, check=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def scripts(folder: Path, *, from_wheel: bool) -> Iterator[tuple[str, Path]]:
    """Yield the scripts, each with its working directory. Only "Getting started" can install a wheel."""
    clone = _make_clone(folder)
    if from_wheel:
        yield script_of_getting_started(clone, _build_wheel(clone, folder)), folder
    else:
        yield script_of_readme(clone), clone
        yield script_of_getting_started(clone, clone), folder


def run_scripts(*, from_wheel: bool) -> None:
    """Run the scripts. Raises CalledProcessError if a command fails."""
    with tempfile.TemporaryDirectory(prefix="flinkmock-first-steps-") as folder:
        for script, directory in scripts(Path(folder).resolve(), from_wheel=from_wheel):
            _run_script(script, directory)


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the commands that a new user copies.")
    parser.add_argument("--wheel", action="store_true", help="install a wheel instead of the clone")
    run_scripts(from_wheel=parser.parse_args().wheel)
    print("every command works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
