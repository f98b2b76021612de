"""`flinkmock completion`: bash completes words with its script; zsh and fish can parse their scripts."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from flinkmock.cli import main
from flinkmock.cli.completion import SHELLS


def completion_script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_has_commands_options_and_values(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = completion_script(shell, capsys)
    for word in ("serve", "scenario", "advance", "--clock", "crash-loop.yaml", "1.20", "completion"):
        assert word.lstrip("-") in text, word


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flinkmock ser", {"serve"}),
        ("flinkmock serve --dash", {"--dashboard"}),
        ("flinkmock serve --flink 1.1", {"1.12", "1.13", "1.14", "1.15", "1.16", "1.17", "1.18", "1.19"}),
        ("flinkmock serve cras", {"crash-loop.yaml"}),
        ("flinkmock serve --log ", {"text", "json"}),
        ("flinkmock serve --port ", set()),
        ("flinkmock scenario ch", {"check"}),
        ("flinkmock ctl fault re", {"remove"}),
        ("flinkmock serve mine", {"mine.yaml"}),
        ("flinkmock completion ", {"bash", "zsh", "fish", "-h", "--help"}),
    ],
)
def test_bash_completes_a_word(
    line: str, expected: set[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").touch()
    words = line.split(" ")
    quoted = " ".join(shlex.quote(word) for word in words)
    program = f"""{completion_script("bash", capsys)}
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _flinkmock; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    completed = subprocess.run(["bash", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (set(completed.stdout.split()), completed.stderr) == (expected, "")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_can_parse_their_scripts(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(completion_script(shell, capsys), encoding="utf-8")
    completed = subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, check=False)
    assert (completed.returncode, completed.stderr) == (0, "")
