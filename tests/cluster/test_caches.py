"""The caches of execution graphs and of checkpoint statistics."""

import pytest

from tests.scenario.scenario_helpers import scenario_harness

SCENARIO = """
cluster: {caches: true}
jobs: {orders: {checkpoints: {every: 1s}, lifecycle: [{RUNNING: 6s}, FINISHED]}}
"""


@pytest.mark.parametrize(("release", "is_shared"), [("1.12", True), ("1.17", True), ("1.18", False), ("2.3", False)])
def test_until_1_17_checkpoint_statistics_come_from_the_cached_graph(release: str, is_shared: bool) -> None:
    """On 1.12.5, a job looks RUNNING for 3 s from the request of its checkpoints (savepoints: job after stop)."""
    with scenario_harness(SCENARIO, flink=release) as harness:
        path = f"/jobs/{harness.job().id}"
        harness.advance_to(5_000)
        assert harness.job().state == "RUNNING"
        harness.get(f"{path}/checkpoints")
        harness.advance_to(7_500)
        assert harness.job().state == "FINISHED"
        assert harness.get(path)["state"] == ("RUNNING" if is_shared else "FINISHED")
        harness.advance_to(8_000)
        assert harness.get(path)["state"] == "FINISHED"
