"""Runs what a new user copies: the README's first command, and all commands of docs/getting-started.md, one by one.

Needs Python, git and bash, and nothing else. Works in a temporary folder, on a clone of the committed state.

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

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"^# ([\w./-]+\.\w+)\n")
SERVE = re.compile(r"(flinkmock serve \S+)")
ADDRESS = "http://127.0.0.1:8081"
TIMEOUT_S = 1800
"""For all commands together: pip may be slow."""

HEAD = """\
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
ready() {
    until [ -s "$1" ] || ! kill -0 "$2"; do sleep 0.2; done
    export FLINKMOCK_URL=$(cat "$1")
}
stop() {
    kill -INT "$1"
    code=0; wait "$1" || code=$?
    [ "$code" = 0 ] || [ "$code" = 130 ]
}
"""


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return language and text of each block of a page."""
    return [(match[1], match[2]) for match in FENCE.finditer(page.read_text(encoding="utf-8"))]


def script_of_readme(clone: Path) -> str:
    """Return the first command of the README: it starts a cluster, from which a response is then requested."""
    command = next(text for language, text in blocks(clone / "README.md") if language == "sh")
    prefix, serve = command.strip().rsplit(" && ", 1)
    return HEAD + _shown(prefix) + _served(serve, "overview")


def script_of_getting_started(clone: Path, source: Path) -> str:
    """Return the commands and files of "Getting started", in their order.

    Args:
        clone: The clone that contains the page; the commands are run beside it.
        source: What pip installs in place of the clone: the clone itself, or a wheel.
    """
    parts = [HEAD]
    serve, for_the_server = "", ""
    for language, text in blocks(clone / "docs" / "getting-started.md"):
        if name := FILE_NAME.match(text):
            parts.append(f"cat > {name[1]} <<'END_OF_FILE'\n{text}END_OF_FILE\n")
        elif language == "sh" and text.startswith("flinkmock serve "):
            serve = text.strip()
        elif language == "sh" and serve:  # all commands that follow
            for_the_server += text
        elif language == "sh":
            parts.append("".join(map(_shown, text.replace("../flinkmock", str(source)).splitlines())))
    return "".join([*parts, _served(serve, "", for_the_server)])


def _served(serve: str, path: str, commands: str = "") -> str:
    started = SERVE.sub(r"\1 --port 0 --quiet --ready-file ready", serve)
    request = f"python -c \"import urllib.request as r; r.urlopen('$FLINKMOCK_URL/{path}', timeout=60)\"\n"
    head = f"echo '$ {serve}'\n{started} &\nserver=$!\nready ready \"$server\"\n{request if path else ''}"
    script = "".join(map(_shown, commands.replace(ADDRESS, "$FLINKMOCK_URL").splitlines()))
    return head + script + 'stop "$server"\n'


def _shown(command: str) -> str:
    """Return lines that print and run a command. The parts of a chain are run separately, to check each exit code."""
    return "".join(f"echo {_quoted('$ ' + part)}\n{part}\n" for part in command.split(" && ") if part.strip())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _run(script: str, folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment = {"PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"), **environment, "HOME": str(folder)}
    subprocess.run(["bash", "-c", script], cwd=folder, env=environment, check=True, timeout=TIMEOUT_S)


def _clone(folder: Path) -> Path:
    clone = folder / "flinkmock"
    if not (ROOT / ".git").exists():  # an export of the repository
        shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "__pycache__", "node_modules", "target"))
        return clone
    subprocess.run(["git", "clone", "--quiet", "--depth=1", ROOT.as_uri(), str(clone)], check=True)
    return clone


def _wheel(clone: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(clone)]
    subprocess.run(command, check=True)
    [wheel] = folder.glob("*.whl")
    return wheel


def steps(folder: Path, *, wheel: bool) -> Iterator[tuple[str, Path]]:
    """Yield the scripts, each with the folder in which it is run."""
    clone = _clone(folder)
    if wheel:
        yield script_of_getting_started(clone, _wheel(clone, folder)), folder
    else:
        yield script_of_readme(clone), clone
        yield script_of_getting_started(clone, clone), folder


def run(*, wheel: bool) -> None:
    """Run all steps. Raises CalledProcessError for the first command that fails."""
    with tempfile.TemporaryDirectory(prefix="flinkmock-first-steps-") as folder:
        for script, directory in steps(Path(folder).resolve(), wheel=wheel):
            _run(script, directory)


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs what a new user copies.")
    parser.add_argument("--wheel", action="store_true", help="install a wheel instead of the clone")
    run(wheel=parser.parse_args().wheel)
    print("every command works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
