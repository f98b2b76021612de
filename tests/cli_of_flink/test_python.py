"""PyFlink 2.3 with a fake cluster: `flink run -py`, DataStream and Table API, waiting for a job and its result."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from flinkmock import FlinkMock
from tests.cli_of_flink import flink_command

HERE = Path(__file__).parent
SCENARIO = {"submitted": {"*": {"lifecycle": [{"RUNNING": "1s"}, "FINISHED"], "results": [[1], [2]]}}}


def test_a_python_program_gets_the_results_of_its_jobs(tmp_path: Path) -> None:
    python, java = os.environ.get("FLINKMOCK_PYFLINK"), flink_command.find_java()
    if python is None or java is None:
        pytest.skip("FLINKMOCK_PYFLINK does not name a Python that has apache-flink 2.3, or there is no Java")
    print_home = "import importlib.util; print(importlib.util.find_spec('pyflink').submodule_search_locations[0])"
    home = subprocess.run([python, "-c", print_home], capture_output=True, text=True, check=True).stdout.strip()
    with FlinkMock(SCENARIO, flink="2.3", clock="real") as cluster:
        address = cluster.url.removeprefix("http://")
        command_line = flink_command.FlinkCommand(java, Path(home, "lib"), tmp_path, address)
        command_line.write_configuration()
        variables = {"FLINK_HOME": home, "FLINK_LIB_DIR": f"{home}/lib", "FLINK_OPT_DIR": f"{home}/opt"}
        options = ["-m", address, "-pyclientexec", python, "-pyexec", python]
        code, output = command_line.run(["run", *options, "-py", str(HERE / "python_job.py")], variables)
        with cluster.engine.lock:
            jobs = {job.name: job for job in cluster.cluster.jobs.values()}
    assert code == 0, output
    assert "ran 1000 ms" in output
    assert "inserted FINISHED" in output
    assert "collected [<Row(1)>, <Row(2)>]" in output
    stream_job = jobs["numbers from Python"]
    assert stream_job.spec.vertices[0].operators[0] == "Source: Collection Source"
