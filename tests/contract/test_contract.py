"""Contracts are loaded by release, and find operations by id and by request."""

import re
import subprocess
import sys

import pytest

from flinkmock.contract import LATEST, Contract, known_releases
from flinkmock.errors import FlinkMockError, InvalidArgument, NotFound, UnknownRelease


def test_the_thirteen_bundled_releases_are_listed_oldest_first():
    assert known_releases() == (
        *(f"1.{number}" for number in range(12, 21)),
        *(f"2.{number}" for number in range(4)),
    )
    assert LATEST == "2.3"


@pytest.mark.parametrize(("release", "count"), [("1.12", 66), ("1.20", 86), ("2.3", 97)])
def test_contracts_have_the_expected_number_of_operations(release, count):
    contract = Contract.load(release)
    assert len(contract.operations) == count
    assert len({operation.id for operation in contract}) == count


def test_a_version_loads_the_contract_of_its_release_once():
    assert Contract.load("2.3.0") is Contract.load("2.3")
    assert Contract.load("1.20.1").release.version == "1.20.5"


@pytest.mark.parametrize("release", known_releases())
def test_contracts_have_commit_build_time_and_provenance(release):
    contract = Contract.load(release)
    assert contract.release.minor == release
    assert contract.release.version.startswith(release + ".")
    assert re.fullmatch("[0-9a-f]{7}", contract.release.commit)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", contract.release.build_time)
    assert "flink-dist" in contract.provenance["detail"]


def test_commit_and_build_time_of_2_3_0_are_those_of_the_jar():
    release = Contract.load("2.3").release
    assert f"{release.commit} @ {release.build_time}" == "c0f8d1a @ 2026-06-14T16:29:03+02:00"


@pytest.mark.parametrize(
    ("release", "hint"), [("2.03", "Did you mean 2.3?"), ("1.2", "Did you mean 1.20?"), ("latest", "'latest'. Known:")]
)
def test_an_unknown_release_is_rejected_with_a_suggestion_or_the_known_releases(release, hint):
    with pytest.raises(UnknownRelease) as error:
        Contract.load(release)
    assert hint in str(error.value)
    assert str(error.value).endswith("2.0, 2.1, 2.2, 2.3.")
    assert isinstance(error.value, ValueError)
    assert isinstance(error.value, FlinkMockError)


def test_the_message_contains_the_unknown_release():
    with pytest.raises(UnknownRelease, match=r"Unknown Flink release '9\.1\.7'\."):
        Contract.load("9.1.7")


def test_loading_a_contract_does_not_import_large_packages():
    code = (
        "import sys; from flinkmock.contract import Contract; Contract.load('2.3');"
        "assert not {'jsonschema', 'faker', 'aiohttp', 'yaml'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("method", "path", "operation_id"),
    [
        ("GET", "/jobs/overview", "getJobsOverview"),
        ("GET", "/v1/jobs/overview/", "getJobsOverview"),
        ("GET", "/jobs/0123456789abcdef0123456789abcdef", "getJobDetails"),
        ("GET", "/jobs/x/vertices/y/subtasks/metrics?get=a", "getAggregatedSubtaskMetrics"),
        ("PATCH", "/jobs/x", "cancelJob"),
        ("GET", "/over%76iew", "getClusterOverview"),
    ],
)
def test_requests_match_their_operation(method, path, operation_id):
    assert Contract.load("2.3").match(method, path).id == operation_id


def test_other_requests_match_no_operation():
    contract = Contract.load("2.3")
    assert contract.match("GET", "/nowhere") is None
    assert contract.match("DELETE", "/overview") is None


def test_operations_have_parameters_and_required_options():
    run = Contract.load("2.3").operation("submitJobFromJar")
    assert run.segments == ("jars", ":jarid", "run")
    assert run.requires_config == {"web.submit.enable": True}
    allow_non_restored_state = run.query_parameters[0]
    assert allow_non_restored_state.name == "allowNonRestoredState"
    assert allow_non_restored_state.type == "boolean"
    assert allow_non_restored_state.list
    assert allow_non_restored_state.other_text_is_false
    [job_id] = Contract.load("2.3").operation("getJobDetails").path_parameters
    assert (job_id.format, job_id.java_type) == ("hex32", "JobID")


def test_responses_with_files_cannot_be_checked():
    contract = Contract.load("2.3")
    log = contract.operation("getJobManagerLogFile")
    assert log.returns_file
    assert log.hidden
    with pytest.raises(InvalidArgument, match="returns a file"):
        contract.check_response(log, {})


def test_an_unknown_operation_is_an_error():
    old = Contract.load("1.12")
    assert "getApplicationsOverview" not in old
    with pytest.raises(NotFound, match="has no operation"):
        old.operation("getApplicationsOverview")
