"""Runs the examples of the tutorials, the how-to guides and a few other pages (`tests/docs/pages.py`).

A block whose first line is a comment with a file name is that file. Files with tests are run. If a ```text block
follows, the tests have to fail with these lines. The commands of ```console blocks have to print the output that is
shown, in which … stands for anything.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import yaml

from flinkmock import FlinkMock
from flinkmock.cli import create_parser, main
from flinkmock.cli.parser import Parser
from flinkmock.journal import as_json_lines
from flinkmock.scenario import load_scenario
from flinkmock.scenario.schema import load_schema
from tests.docs.pages import DOCS, ROOT, DocumentationPage, output_pattern, pages
from tests.pytest_options import OPTIONS

PYTEST_OPTIONS = (*OPTIONS, "-p", "no:randomly")
DOCUMENTED_URL = "http://127.0.0.1:8081"
COMMANDS_NOT_RUN = ("proxy", "dashboard")
"""Commands that need a real cluster or a package index. Only their options are checked."""

PAGES = pages()
PAGES_WITH_TESTS = [page for page in PAGES if page.examples]
PAGES_WITH_COMMANDS = [page for page in PAGES if page.commands]
SCENARIO_KEYS = set(load_schema()["properties"])
SCENARIOS = [
    (page, block.text)
    for page in map(DocumentationPage, [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))])
    for block in page.blocks
    if block.language == "yaml" and (yaml.safe_load(block.text) or {}).keys() < SCENARIO_KEYS
]
"""All YAML blocks that are scenarios, with their pages."""


def page_id(value: object) -> str:
    return value.path.stem if isinstance(value, DocumentationPage) else ""


def write_files(page: DocumentationPage, folder: Path) -> None:
    for name, text in page.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES_WITH_TESTS, ids=page_id)
def test_the_tests_of_a_page_have_the_documented_outcomes(pytester: pytest.Pytester, page: DocumentationPage) -> None:
    write_files(page, pytester.path)
    pytester.syspathinsert()
    passing = [example for example in page.examples if not example.report]
    result = pytester.runpytest_inprocess(*PYTEST_OPTIONS, *(example.file_name for example in passing))
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= sum(example.test_count for example in passing)
    for example in page.examples:
        if example.report:
            failed = pytester.runpytest_inprocess(*PYTEST_OPTIONS, example.file_name)
            assert failed.parseoutcomes().keys() == {"failed"}
            failed.stdout.fnmatch_lines(
                ["*" + re.sub("^E +", "E*", line.replace("[", "[[]")) for line in example.report]
            )


@pytest.mark.parametrize(("page", "text"), SCENARIOS, ids=page_id)
def test_a_scenario_of_a_page_is_valid(page: DocumentationPage, text: str) -> None:
    load_scenario(text if "jobs" in (yaml.safe_load(text) or {}) else f"{text}\njobs: {{orders: streaming}}\n")


def test_scenarios_are_found() -> None:
    assert len(SCENARIOS) > 15


class Shell:
    """Runs the commands of a page in the current folder. `flinkmock serve … &` serves in this process, on a free port.

    Args:
        stack: Closes the cluster at the end.
        monkeypatch: Sets FLINKMOCK_URL.
        capsys: Captures the output.
        clock: The clock mode of a cluster if the command doesn't set one.
    """

    def __init__(
        self,
        stack: ExitStack,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        *,
        clock: str = "real",
    ) -> None:
        self._stack = stack
        self._clock = clock
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self._cluster: FlinkMock | None = None
        self._journal: str | None = None

    def run(self, command: str) -> str:
        """Run a command; return its output as it would be at the address that the page shows."""
        program, *arguments = shlex.split(command.removesuffix(" &"))
        if program == "curl":
            assert self._cluster is not None
            return httpx.get(arguments[-1].replace(DOCUMENTED_URL, self._cluster.url)).text + "\n"
        assert program == "flinkmock"
        if arguments[0] == "serve":
            return self._serve(arguments)
        if self._cluster is not None:
            arguments = [argument.replace(DOCUMENTED_URL, self._cluster.url) for argument in arguments]
            if self._journal:
                Path(self._journal).write_text(as_json_lines(self._cluster.requests), encoding="utf-8")
        assert main(arguments) in (0, 1)
        printed = "".join(self._capsys.readouterr())
        return printed.replace(self._cluster.url, DOCUMENTED_URL) if self._cluster is not None else printed

    def _serve(self, arguments: list[str]) -> str:
        options = create_parser().parse_args(arguments)
        self._cluster = FlinkMock(
            Path(options.scenario), flink=options.flink, clock=options.clock or self._clock, seed=options.seed
        ).start()
        self._stack.callback(self._cluster.close)
        self._monkeypatch.setenv("FLINKMOCK_URL", self._cluster.url)
        self._journal = options.journal
        version = self._cluster.engine.contract.release.version
        clock = self._cluster.clock.text
        lines = (
            f"Flink {version} at {DOCUMENTED_URL} (fake; clock: {clock})",
            f"Console at {DOCUMENTED_URL}/__flinkmock__/",
        )
        return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=page_id)
def test_the_commands_of_a_page_print_the_documented_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: DocumentationPage
) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        shell = Shell(stack, monkeypatch, capsys)
        for command, output in page.commands:
            if shlex.split(command)[1] in COMMANDS_NOT_RUN:
                create_parser().parse_args(shlex.split(command)[1:])
                continue
            printed = shell.run(command)
            # the widths of columns may differ, and a line with … stands for any number of lines
            pattern = re.sub(r"(\\ )+", " +", output_pattern(output)).replace(".*\\\n", "(?:[^\n]*\\\n)*?")
            assert re.fullmatch(pattern, printed, re.DOTALL), (command, printed)


def shell_commands() -> Iterator[tuple[str, str]]:
    """Yield all `flinkmock` commands in blocks, each with the name of its page."""
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for fence in re.findall(r"^```[^\n]*\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for command in re.findall(r"(?:^(?:\$ )?|&& )(flinkmock .*?)(?=  #| && |$)", fence, re.MULTILINE):
                yield path.name, command


@pytest.fixture(scope="module")
def parser() -> Parser:
    return create_parser()


@pytest.mark.parametrize(("page", "command"), list(dict.fromkeys(shell_commands())))
def test_a_command_is_valid(page: str, command: str, parser: Parser) -> None:
    """The options of each `flinkmock` command on a page exist."""
    words = shlex.split(command.partition(" > ")[0].removesuffix("&").replace("…", "ACTION"))
    if not any("ACTION" in word for word in words):
        parser.parse_args(words[1:])
