"""`first_steps.py` makes two scripts: with the first command of the README, and with those of "Getting started".

CI runs the scripts, and the test command of the README.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, DocumentationPage
from tests.packaging import first_steps

COMMANDS_OF_GETTING_STARTED = [
    "pip install --quiet '/wheels/flinkmock.whl[time]' pytest requests",
    "flinkmock doctor",
    "cat > test_report.py",
    "pytest",
    "flinkmock scenario plan late.yaml",
    "flinkmock serve late.yaml --port 0",
    "flinkmock ctl advance 25s",
    "flinkmock check $FLINKMOCK_URL",
]


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_the_scripts_contain_the_expected_commands() -> None:
    readme = first_steps.script_of_readme(ROOT)
    assert "\npip install .\n" in readme
    assert "\nflinkmock serve scenarios/demo.yaml --port 0 " in readme
    getting_started = first_steps.script_of_getting_started(ROOT, Path("/wheels/flinkmock.whl"))
    for command in COMMANDS_OF_GETTING_STARTED:
        assert f"\n{command}" in getting_started
    for script in (readme, getting_started):
        syntax_check = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert (syntax_check.returncode, syntax_check.stderr) == (0, "")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    test_command = DocumentationPage(ROOT / "README.md").texts("sh")[1]
    *_, install, pytest_command = test_command.strip().split(" && ")
    assert install.removeprefix("pip install ") in ci
    assert pytest_command.removeprefix("pytest -n 2 ") in ci
