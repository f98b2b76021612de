"""The states that a job has entered, as of a time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flinkmock.cluster.state_history import StateHistory
from flinkmock.cluster.states import JobState

ENTRIES = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(list(JobState))), min_size=1, max_size=60).map(
    lambda entries: sorted(entries, key=lambda entry: entry[0])
)


@given(ENTRIES, st.integers(0, 22), st.integers(0, 22))
def test_a_history_agrees_with_a_search_through_all_entries(
    entries: list[tuple[int, JobState]], time: int, since: int
) -> None:
    history = StateHistory()
    for at, state in entries:
        history.enter(state, at)
    past_entries = [entry for entry in entries if entry[0] <= time]
    assert list(history) == entries
    assert history.entry_at(time) == (past_entries or entries[:1])[-1]
    assert list(history.last_entered(time).items()) == list({state: at for at, state in past_entries}.items())
    assert history.since(since) == [entry for entry in entries if entry[0] >= since]
    for state in JobState:
        expected = sum(entered == state and since <= at <= time for at, entered in entries)
        assert history.entry_count(state, time, since) == expected
