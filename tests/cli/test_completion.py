"""`flinkmock completion`: the shells complete words with their scripts."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from flinkmock.cli import main
from flinkmock.cli.completion import SHELLS

RELEASES_1_1X = {"1.12", "1.13", "1.14", "1.15", "1.16", "1.17", "1.18", "1.19"}
COMPLETIONS = [
    ("flinkmock ser", {"serve"}),
    ("flinkmock serve --dash", {"--dashboard"}),
    ("flinkmock serve --flink 1.1", RELEASES_1_1X),
    ("flinkmock serve cras", {"crash-loop.yaml"}),
    ("flinkmock serve --log ", {"text", "json"}),
    ("flinkmock serve --port ", set()),
    ("flinkmock serve --base-path ", set()),
    ("flinkmock compat --base-path ", set()),
    ("flinkmock serve mine", {"mine.yaml"}),
    ("flinkmock serve --journal mine", {"mine.yaml"}),
    ("flinkmock serve --dashboard mine", {"mine.yaml"}),
    ("flinkmock serve --dashboard --fl", {"--flink"}),
    ("flinkmock serve two", {"two words.yaml"}),
    ("flinkmock scenario ch", {"check"}),
    ("flinkmock scenario p", {"plan"}),
    ("flinkmock scenario check --f", {"--flink"}),
    ("flinkmock scenario check --cont", set()),
    ("flinkmock ctl scenario p", set()),
    ("flinkmock ctl scenario check --f", set()),
    ("flinkmock ctl scenario load cras", {"crash-loop.yaml"}),
    ("flinkmock ctl fault re", {"remove"}),
    ("flinkmock diff 1.1", RELEASES_1_1X),
    ("flinkmock diff 1.20 2.", {"2.0", "2.1", "2.2", "2.3"}),
]
"""Command lines, with the completions of their last words. The folder has the files of the fixture `folder`."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("mine.yaml", "two words.yaml"):
        (tmp_path / name).touch()
    return tmp_path


def completion_script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", SHELLS)
def test_each_script_has_commands_options_and_values(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = completion_script(shell, capsys)
    for word in ("serve", "scenario", "advance", "--clock", "crash-loop.yaml", "1.20", "completion"):
        assert word.lstrip("-") in text, word


def test_descriptions_are_the_first_part_of_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    text = completion_script("fish", capsys)
    for description in (
        "the cluster time at which the scenario begins, e.g. 2026-01-01T00:00:00Z",
        "default: the newest",
        r"compare with a page of Flink\'s documentation",
        "check a scenario without using it",
    ):
        assert f" -d '{description}" in text, description
    assert "exit code" not in text


def run_shell(shell: str, program: str, folder: Path) -> set[str]:
    """Run a program in a shell and return the lines that it prints."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    no_startup_files = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
    completed = subprocess.run(
        [shell, no_startup_files, "-c", program],
        cwd=folder,
        env=os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (completed.stderr, completed.returncode) == ("", 0)
    return set(completed.stdout.splitlines()) - {""}


def quoted_words(line: str) -> str:
    return " ".join(shlex.quote(word) for word in line.split(" "))


@pytest.mark.parametrize(
    ("line", "expected"),
    [*COMPLETIONS, ("flinkmock completion ", {"bash", "zsh", "fish", "-h", "--help"})],
)
def test_bash_completes_a_word(line: str, expected: set[str], capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    program = f"""{completion_script("bash", capsys)}
        COMP_WORDS=({quoted_words(line)}); COMP_CWORD={line.count(" ")}; _flinkmock; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert run_shell("bash", program, folder) == expected


def test_zsh_completes_words(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """The program calls `compgen` of bashcompinit as zsh does, without a terminal. It selects the files by their
    prefix; zsh selects the words when it displays them."""
    script = f"compdef() {{ }}\n{completion_script('zsh', capsys)}"
    for line, expected in COMPLETIONS:
        last_word = line.split(" ")[-1]
        program = f"""{script}
            words=({quoted_words(line)}); CURRENT=$#words; COMP_WORDS=($words); COMP_CWORD=$((CURRENT-1))
            IPREFIX="" PREFIX={shlex.quote(last_word)} SUFFIX="" ISUFFIX=""
            compgen -o filenames -F _flinkmock -- "$PREFIX"
        """
        completions = run_shell("zsh", program, folder)
        assert {word for word in completions if word.startswith(last_word)} == expected, line


def test_fish_completes_words(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    script = completion_script("fish", capsys)
    for line, expected in COMPLETIONS:
        completions = run_shell("fish", f"{script}complete -C {shlex.quote(line)}", folder)
        words = {completion.partition("\t")[0].replace("\\ ", " ") for completion in completions}
        assert words == expected, line
