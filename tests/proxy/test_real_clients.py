"""The script `real_clients` knows all ids in the addresses of the pages that it visits."""

from __future__ import annotations

from tests.proxy.real_clients import pages


def test_the_addresses_of_the_pages_have_ids() -> None:
    paths = pages("job-1", "vertex-1", "tm-1")
    assert "/job/running/job-1/overview/vertex-1/detail" in paths
    assert "/task-manager/tm-1/metrics" in paths
