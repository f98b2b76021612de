"""Run the examples of the tutorials, the how-to guides and the pages beside them.

A block whose first line is a comment with a file name is that file. Files with tests are run; those that a ```text
block follows fail with these lines. The commands of ```console blocks print what is shown, where … stands for anything.
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
from tests.docs.pages import DOCS, ROOT, DocumentationPage, pages
from tests.pytest_options import OPTIONS

IN_ORDER = (*OPTIONS, "-p", "no:randomly")
SERVED = "http://127.0.0.1:8081"
NOT_RUN = ("proxy", "dashboard")
"""Commands that need what a test lacks: a cluster at another address, a package index."""

PAGES = pages()
WITH_TESTS = [page for page in PAGES if page.examples]
WITH_COMMANDS = [page for page in PAGES if page.commands]
KEYS = set(load_schema()["properties"])
"""The keys of a scenario."""
SCENARIOS = [
    (page, block.text)
    for page in map(DocumentationPage, [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))])
    for block in page.blocks
    if block.language == "yaml" and (yaml.safe_load(block.text) or {}).keys() < KEYS
]
"""Every YAML block of every page that is a scenario."""


def name_of(value: object) -> str | None:
    return value.path.stem if isinstance(value, DocumentationPage) else ""


def write_files(page: DocumentationPage, folder: Path) -> None:
    for name, text in page.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", WITH_TESTS, ids=name_of)
def test_the_tests_of_a_page(pytester: pytest.Pytester, page: DocumentationPage) -> None:
    write_files(page, pytester.path)
    pytester.syspathinsert()
    passing = [example for example in page.examples if not example.report]
    result = pytester.runpytest_inprocess(*IN_ORDER, *(example.file_name for example in passing))
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= sum(example.tests for example in passing)
    for example in page.examples:
        if example.report:
            failed = pytester.runpytest_inprocess(*IN_ORDER, example.file_name)
            assert failed.parseoutcomes().keys() == {"failed"}
            failed.stdout.fnmatch_lines(
                ["*" + re.sub("^E +", "E*", line.replace("[", "[[]")) for line in example.report]
            )


@pytest.mark.parametrize(("page", "text"), SCENARIOS, ids=name_of)
def test_a_scenario_of_a_page_is_valid(page: DocumentationPage, text: str) -> None:
    load_scenario(text if "jobs" in yaml.safe_load(text) else f"{text}\njobs: {{orders: streaming}}\n")


def test_scenarios_are_found() -> None:
    assert len(SCENARIOS) > 15


class Shell:
    """Runs the commands of a page in one folder. `flinkmock serve … &` serves in this process, at a free port."""

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
        program, *arguments = shlex.split(command.removesuffix(" &"))
        if program == "curl":
            assert self._cluster is not None
            return httpx.get(arguments[-1].replace(SERVED, self._cluster.url)).text + "\n"
        assert program == "flinkmock"
        if arguments[0] == "serve":
            return self._serve(arguments)
        if self._cluster is not None:
            arguments = [argument.replace(SERVED, self._cluster.url) for argument in arguments]
            if self._journal:
                Path(self._journal).write_text(as_json_lines(self._cluster.requests), encoding="utf-8")
        assert main(arguments) in (0, 1)
        out, err = self._capsys.readouterr()
        text = out + err
        return text.replace(self._cluster.url, SERVED) if self._cluster is not None else text

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
        return f"Flink {version} at {SERVED} (fake; clock: {clock})\nConsole at {SERVED}/__flinkmock__/\n"


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_the_commands_of_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], page: DocumentationPage
) -> None:
    write_files(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        shell = Shell(stack, monkeypatch, capsys)
        for command, output in page.commands:
            if shlex.split(command)[1] in NOT_RUN:
                create_parser().parse_args(shlex.split(command)[1:])
                continue
            printed = shell.run(command)
            pattern = re.sub(r"(\\ )+", " +", re.escape(output)).replace("…", ".*").replace(".*\\\n", "(?:.*\\\n)*?")
            assert re.fullmatch(pattern, printed, re.DOTALL), (command, printed)


def shell_commands() -> Iterator[tuple[str, str]]:
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for fence in re.findall(r"^```[^\n]*\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in re.findall(r"^(?:\$ )?(flinkmock .*)$", fence, re.MULTILINE):
                yield path.name, line.partition("  #")[0]


@pytest.fixture(scope="module")
def parser() -> Parser:
    return create_parser()


@pytest.mark.parametrize(("page", "command"), list(dict.fromkeys(shell_commands())))
def test_a_command_is_valid(page: str, command: str, parser: Parser) -> None:
    """Each `flinkmock …` in a shell block of any page has options that exist."""
    words = shlex.split(command.partition(" > ")[0].partition(" && ")[0].removesuffix("&").replace("…", "ACTION"))
    if not any("ACTION" in word for word in words):
        parser.parse_args(words[1:])
