"""What a failing test shows of what was drawn: YAML that fails the same way, as a test's argument or in a file."""

from __future__ import annotations

import pytest

OPTIONS = ("-p", "no:cacheprovider", "-p", "no:xdist")


def test_a_scenario_and_faults_are_shown_as_yaml(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import hypothesis
        from flinkmock.strategies import DrawnScenario, FaultPlan, fault_plans, scenarios

        # the first example is the simplest one
        @hypothesis.settings(database=None, phases=[hypothesis.Phase.generate])
        @hypothesis.given(scenario=scenarios(min_jobs=1), plan=fault_plans(min_size=1))
        def test_it(scenario: DrawnScenario, plan: FaultPlan) -> None:
            raise AssertionError
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(failed=1)
    shown = [line.removeprefix("E").strip() for line in result.outlines]
    start = next(number for number, line in enumerate(shown) if line.startswith("scenario=r"))
    assert shown[start : start + 8] == [
        'scenario=r"""',
        "jobs:",
        "a: streaming",
        '""",',
        'plan=r"""',
        "faults:",
        "- drop: reset",
        '""",',
    ]


def test_a_request_is_shown_as_what_makes_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import hypothesis
        from flinkmock.strategies import Request, requests

        @hypothesis.settings(database=None, phases=[hypothesis.Phase.generate])
        @hypothesis.given(requests("PATCH /jobs/:jobid"))
        def test_it(request: Request) -> None:
            raise AssertionError
        """
    )
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.stdout.re_match_lines([r".*Request\(method='PATCH', path='/jobs/0{32}', query=\(\), .*"])
