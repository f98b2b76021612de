"""The table of traits agrees with the contracts and the scenario keys."""

from flinkmock.cluster.spec import DEFAULT_CLUSTER_OPERATIONS
from flinkmock.contract import Contract, known_releases
from flinkmock.contract.operation_traits import (
    NO_TRAITS,
    TRAITS,
    only_reads,
    operations_of_scenario_key,
    traits_of,
)


def test_the_operations_with_traits_exist() -> None:
    operations = {operation.id for release in known_releases() for operation in Contract.load(release)}
    assert set(TRAITS) <= operations


def test_each_scenario_key_has_operations() -> None:
    assert all(operations_of_scenario_key(key) for key in DEFAULT_CLUSTER_OPERATIONS)
    assert operations_of_scenario_key("rescale") == ("updateJobResourceRequirements", "rescaleJob")


def test_some_get_requests_change_the_cluster() -> None:
    contract = Contract.load("2.3")
    assert only_reads(contract.operation("getJobDetails"))
    assert not only_reads(contract.operation("getYarnStopJobTermination"))
    assert not only_reads(contract.operation("cancelJob"))


def test_an_ordinary_operation_has_no_traits() -> None:
    assert traits_of("getClusterOverview") is NO_TRAITS


def test_echoed_parameters_are_in_the_path() -> None:
    for operation in Contract.load("2.3"):
        assert {f":{name}" for name in traits_of(operation.id).echoes} <= {*operation.segments}
