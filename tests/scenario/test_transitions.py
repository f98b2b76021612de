"""The legal transitions between job states agree with recorded jobs."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest

from flinkmock.cluster.states import (
    GLOBALLY_TERMINAL,
    JOB_STATES,
    TASK_STATES,
    TERMINAL_JOB_STATES,
    TERMINAL_TASK_STATES,
    implicit_prefix,
    legal_transitions,
)

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.mark.parametrize("scheduler", ["default", "adaptive"])
def test_a_job_does_not_leave_terminal_states_and_can_be_suspended_in_others(scheduler: str) -> None:
    table = legal_transitions(scheduler)
    assert set(table) == set(JOB_STATES)
    assert {state for states in table.values() for state in states} <= set(JOB_STATES)
    assert all(not table[state] for state in TERMINAL_JOB_STATES)
    assert all("SUSPENDED" in table[state] for state in JOB_STATES if table[state])
    assert GLOBALLY_TERMINAL < TERMINAL_JOB_STATES
    assert set(TASK_STATES) > TERMINAL_TASK_STATES


@pytest.mark.parametrize("scheduler", ["default", "adaptive"])
@pytest.mark.parametrize("terminal_state", sorted(TERMINAL_JOB_STATES))
def test_every_terminal_state_can_be_reached(scheduler: str, terminal_state: str) -> None:
    table, reached = legal_transitions(scheduler), {"INITIALIZING"}
    while new_states := {next_state for state in reached for next_state in table[state]} - reached:
        reached |= new_states
    assert terminal_state in reached


def test_the_first_state_of_a_lifecycle_implies_the_states_before_it() -> None:
    assert implicit_prefix("INITIALIZING") == ()
    assert implicit_prefix("CREATED") == ("INITIALIZING",)
    assert implicit_prefix("RUNNING") == ("INITIALIZING", "CREATED")
    assert implicit_prefix("FAILED") == ("INITIALIZING",)
    assert implicit_prefix("CANCELED", "adaptive") == ("INITIALIZING",)


def test_a_lifecycle_cannot_begin_with_other_states() -> None:
    assert implicit_prefix("RESTARTING") is None
    assert implicit_prefix("FINISHED") is None
    assert implicit_prefix("CANCELED") is None


@pytest.mark.parametrize("version", sorted(folder.name for folder in RECORDINGS.iterdir()))
def test_the_recorded_transitions_are_legal(version: str) -> None:
    """Without a restart, the timestamps of a job show the order of its states."""
    transitions = set()
    for file in (RECORDINGS / version).glob("*.json.gz"):
        for step in json.loads(gzip.decompress(file.read_bytes()))["steps"]:
            body = step.get("response", {}).get("body")
            if isinstance(body, dict) and isinstance(body.get("timestamps"), dict) and "jid" in body:
                entered_at = {state: time for state, time in body["timestamps"].items() if time}
                if "RESTARTING" not in entered_at:
                    states = sorted(entered_at, key=lambda state: (entered_at[state], JOB_STATES.index(state)))
                    transitions |= set(pairwise(states))
    assert {("CREATED", "RUNNING"), ("RUNNING", "FINISHED"), ("CANCELLING", "CANCELED")} <= transitions
    assert all(next_state in legal_transitions()[state] for state, next_state in transitions)
