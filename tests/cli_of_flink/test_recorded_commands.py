"""Flink's unmodified command line has the exit codes and prints the lines that were recorded with real clusters."""

from __future__ import annotations

import gzip
import json
import re
from difflib import unified_diff
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.cli_of_flink import flink_command

HERE = Path(__file__).parent
JARS = HERE.parent / "fidelity" / "jars"

COMMANDS = (
    ["list"],
    ["run", "-d", "wordcount.jar", "--name", "cli word count"],
    ["list"],
    ["list", "-a"],
    ["list", "-r"],
    ["savepoint", "JOB", "file:///opt/flink/work/scratch/cli"],
    ["savepoint", "-d", "SAVEPOINT"],
    ["savepoint", "0123456789abcdef0123456789abcdef"],
    ["savepoint", "-type", "native", "JOB"],
    ["checkpoint", "JOB"],
    ["stop", "-p", "file:///opt/flink/work/scratch/cli", "JOB"],
    ["run", "-d", "-s", "SAVEPOINT", "-p", "1", "wordcount.jar", "--name", "cli restored"],
    ["cancel", "JOB"],
    ["cancel", "JOB"],
    ["cancel", "0123456789abcdef0123456789abcdef"],
    ["stop", "0123456789abcdef0123456789abcdef"],
    ["run", "-d", "wordcount.jar", "--name", "cli to cancel with savepoint"],
    ["cancel", "-s", "file:///opt/flink/work/scratch/cli", "JOB"],
    ["run", "finite.jar", "--count", "100"],
    ["run", "failing.jar", "--at", "20", "--attempts", "0"],
    ["run", "-d", "mainthrows.jar"],
    ["run", "-d", "noexecute.jar"],
    ["run", "-d", "nomain.jar"],
    ["run", "-d", "-c", "org.example.jobs.Finite", "twoentries.jar", "--count", "10"],
    ["info", "wordcount.jar"],
    ["list"],
)
"""The recorded commands in their order. JOB is the last started job, SAVEPOINT the last savepoint. The last command
uses a port without a server."""
ACTIONS_WITHOUT_CLUSTER = ("info",)


@pytest.mark.parametrize("version", ["2.3.0", "1.20.5", "1.12.5"])
def test_commands_print_what_was_recorded(version: str, tmp_path: Path) -> None:
    minor = version.rpartition(".")[0]
    java, libraries = flink_command.find_java(), flink_command.find_libraries(minor)
    if java is None:
        pytest.skip("there is no Java: set JAVA_HOME, or have java on the PATH")
    if libraries is None:
        pytest.skip(f"there are no jars of Flink {minor}: name its flink-dist jar or folder in FLINKMOCK_DIST")
    recorded_results = json.loads(gzip.decompress((HERE / f"{version}.json.gz").read_bytes()))["commands"]
    assert len(recorded_results) == len(COMMANDS)
    with FlinkMock(HERE / "jobs.yaml", flink=minor) as cluster:
        command_line = flink_command.FlinkCommand(java, libraries, tmp_path, cluster.url.removeprefix("http://"))
        command_line.write_configuration()
        values = {"JOB": "", "SAVEPOINT": ""}
        differences = []
        for number, (command, recorded) in enumerate(zip(COMMANDS, recorded_results, strict=True)):
            arguments = [
                str(JARS / version / word) if word.endswith(".jar") else values.get(word, word) for word in command
            ]
            if command[0] not in ACTIONS_WITHOUT_CLUSTER:
                address = "localhost:1" if number == len(COMMANDS) - 1 else command_line.address
                arguments[1:1] = ["-m", address]
            code, output = command_line.run(arguments)
            if command[0] == "run" and (job := re.search("[0-9a-f]{32}", output)):
                values["JOB"] = job[0]
            if savepoint := re.search(r"file:\S*savepoint-[0-9a-f-]+", output):
                values["SAVEPOINT"] = savepoint[0]
            recorded_output, cut_mark, _ = recorded["output"].partition(" [cut ")  # long output was recorded in part
            if cut_mark:
                output = output[: len(recorded_output)]
            lines = [f"exit {code}", *comparable_lines(output)]
            recorded_lines = [f"exit {recorded['exit']}", *comparable_lines(recorded_output)]
            if lines != recorded_lines:
                diff = unified_diff(recorded_lines, lines, "Flink", "flinkmock")
                differences.append("\n".join((" ".join(command), *diff)))
    assert not differences, "\n\n".join(differences)


def comparable_lines(output: str) -> list[str]:
    """Split the output into lines, without what differs between runs: ids, dates, durations, counts, stack frames."""
    for pattern, replacement in (
        (r"savepoint-[0-9a-f]{6}-[0-9a-f]{12}", "savepoint-X"),
        (r"\b(?!0123456789abcdef)[0-9a-f]{32}\b", "ID"),
        (r"\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d", "DATE"),
        (r"Job Runtime: \d+ ms", "Job Runtime: N ms"),
        (r"Checkpoint \d+ for", "Checkpoint N for"),
        (r"^(- .*\): )[\d.]+$", r"\1N"),
        (r"\[\d+ elements\]", "[N elements]"),
    ):
        output = re.sub(pattern, replacement, output, flags=re.MULTILINE)
    return [line for line in output.split("\n") if not re.match(r"\s+(at |\.\.\. \d+ more)", line) and line.strip()]
