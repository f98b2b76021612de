"""A failing test shows generated scenarios and faults as YAML, which reproduces the failure."""

from __future__ import annotations

import re

import pytest

from tests.pytest_options import NO_OTHER_PLUGINS, NO_WORKERS, OPTIONS


@pytest.mark.slow
def test_scenarios_and_faults_are_printed_as_yaml_and_other_values_as_python(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import hypothesis
        from flinkmock.strategies import (
            DrawnScenario, FaultPlan, Request, fault_plans, requests, responses, scenarios,
        )

        # the first example is the simplest one
        only_first = hypothesis.settings(database=None, phases=[hypothesis.Phase.generate])

        @only_first
        @hypothesis.given(scenario=scenarios(min_jobs=1), plan=fault_plans(min_size=1))
        def test_it(scenario: DrawnScenario, plan: FaultPlan) -> None:
            raise AssertionError

        @only_first
        @hypothesis.given(requests("PATCH /jobs/:jobid"))
        def test_request(request: Request) -> None:
            raise AssertionError

        @hypothesis.given(responses("GET /jobs/overview"))
        def test_response(body) -> None:
            assert not body["jobs"]
        """
    )
    result = pytester.runpytest_subprocess(
        *OPTIONS, *(option for option in NO_OTHER_PLUGINS if "hypothesis" not in option), *NO_WORKERS
    )
    result.assert_outcomes(failed=3)
    lines = [line.removeprefix("E").strip() for line in result.outlines]
    start = next(number for number, line in enumerate(lines) if line.startswith("scenario=r"))
    assert lines[start : start + 8] == [
        'scenario=r"""',
        "jobs:",
        "a: streaming",
        '""",',
        'plan=r"""',
        "faults:",
        "- drop: reset",
        '""",',
    ]
    pattern = r".*Request\(method='PATCH', path='/jobs/0{32}', query=\(\), headers={}, body=None\).*"
    result.stdout.re_match_lines([pattern])
    assert re.search(r"body=\{'jobs': \[\{'jid': '0{32}',", " ".join(lines)), lines
