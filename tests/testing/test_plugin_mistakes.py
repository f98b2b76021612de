"""The messages of the plugin for invalid markers, scenarios and options."""

from __future__ import annotations

import pytest

from tests.testing.plugin_runs import run_tests


def test_an_invalid_marker_gets_a_message(pytester: pytest.Pytester) -> None:
    result = run_tests(
        pytester,
        """
@pytest.mark.flinkmock("orders.yaml", flnk="1.20")
def test_typo(flinkmock): ...

@pytest.mark.flinkmock("orders.yaml", scenario="payments.yaml")
def test_two_scenarios(flinkmock): ...

@pytest.mark.flinkmock("nowhere.yaml")
def test_a_missing_file(flinkmock): ...

@pytest.mark.flinkmock({"jobs": {"orders": "streeming"}})
def test_a_mistake_in_the_scenario(flinkmock): ...

@pytest.mark.flinkmock(flink="2.33")
def test_an_unknown_release(flinkmock): ...

@pytest.mark.parametrize("one", [pytest.param(1, marks=pytest.mark.flinkmock(flink=["1.20", "2.3"]))])
def test_several_releases_of_a_parameter(flinkmock, one): ...

@pytest.mark.flinkmock(clock="sundial")
def test_an_unknown_clock(flinkmock): ...

@pytest.mark.flinkmock(unexpected="warn")
def test_neither_fail_nor_allow(flinkmock): ...

@pytest.mark.flinkmock(flink=1.20)
def test_a_release_as_a_number(flinkmock): ...

def test_a_release_as_a_number_in_the_factory(flinkmock_factory):
    flinkmock_factory(flink=1.20)

@pytest.mark.flinkmock(clock=10)
def test_a_clock_as_a_number(flinkmock): ...

@pytest.mark.flinkmock(["jobs"])
def test_a_scenario_as_a_list(flinkmock): ...

@pytest.mark.flinkmock(flink=[])
def test_an_empty_list_of_releases(flinkmock): ...
""",
    )
    result.assert_outcomes(errors=11, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "the marker flinkmock takes no argument flnk: flinkmock(scenario=None, *, flink=None, *)",
            "the marker flinkmock takes one scenario, not 2: *",
            f"flinkmock: nowhere.yaml: file not found in {pytester.path}, or among the built-in scenarios. *",
            "flinkmock: <scenario>*streeming*",
            "flinkmock: Unknown Flink release '2.33'. Did you mean 2.3? Known: *",
            "flinkmock: a marker in pytest.param takes one release; list several in the marker of the test function",
            'flinkmock: "sundial" is not a clock. *',
            "flinkmock: 'warn' is not a value of `unexpected`. Use fail or allow.",
            "flinkmock: Unknown Flink release '1.2'. Did you mean 1.20? *",
            'flinkmock: "10" is not a clock. *',
            "flinkmock: <scenario>: a scenario is a file name, YAML text or a mapping, not [[]'jobs'].",
            '*UnknownRelease: Unknown Flink release 1.2. Did you mean 1.20? Write the release as text: "1.20". *',
        ]
    )
    result.stdout.no_fnmatch_line("*plugin.py*")
    result.stdout.no_fnmatch_line("During handling*")


def test_the_scenario_of_the_ini_file_is_looked_up_as_in_a_marker(pytester: pytest.Pytester) -> None:
    tests = """
def test_own(flinkmock):
    assert flinkmock.job("orders")

def test_shared(flinkmock_session):
    assert flinkmock_session.job("orders")
"""
    run_tests(pytester, tests, "-o", "flinkmock_scenario=crash-loop.yaml").assert_outcomes(passed=2)
    result = run_tests(pytester, tests, "-o", "flinkmock_scenario=crashloop.yaml")
    result.assert_outcomes(errors=2)
    message = f"flinkmock: crashloop.yaml: file not found in {pytester.path}, or among the built-in scenarios. *"
    result.stdout.fnmatch_lines([message, message])
    result.stdout.no_fnmatch_line("*plugin.py*")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--flinkmock-flink=1.20,2.33"], "flinkmock: Unknown Flink release '2.33'. Did you mean 2.3? *"),
        (["--flinkmock-compat=3.0"], "flinkmock: Unknown Flink release '3.0'. *"),
        (["-o", "flinkmock_unexpected=warn"], "flinkmock: 'warn' is not a value of `unexpected`. *"),
        (["-o", "flinkmock_seed=seven"], "flinkmock: flinkmock_seed has to be a number, not 'seven'."),
    ],
)
def test_an_invalid_option_ends_the_run(pytester: pytest.Pytester, options: list[str], message: str) -> None:
    result = run_tests(pytester, "def test_it(): ...", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
