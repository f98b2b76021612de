"""A live cluster, watched read-only for a while and written down as an ordinary scenario.

    notes = Notes()
    Poller(source, notes, wait).watch(60_000, 1_000)
    scenario(notes)

States come from the jobs' own timestamps and exception histories, so that a state that nobody saw is there too; graphs
from the plan; cadence, length and size of checkpoints from their history; metrics only if they are not Flink's own.
"""

from flinkmock.conformance.recording.observations import Notes, read_raw
from flinkmock.conformance.recording.poller import Poller
from flinkmock.conformance.recording.scenario import scenario

__all__ = ["Notes", "Poller", "read_raw", "scenario"]
