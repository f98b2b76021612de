"""Records a live cluster with read-only requests, and turns the recording into a scenario.

    observations = ClusterObservations()
    Poller(reader, observations, wait).poll(60_000, 1_000)
    recorded_scenario(observations)

States come from the timestamps and the exception histories of jobs, so that states between two polls are recorded too.
Graphs come from the plan; the interval, durations and sizes of checkpoints come from their history. Metrics of Flink
itself are not recorded.
"""

from flinkmock.conformance.recording.observations import ClusterObservations, read_raw
from flinkmock.conformance.recording.omissions import omissions
from flinkmock.conformance.recording.poller import Poller
from flinkmock.conformance.recording.scenario import recorded_scenario

__all__ = ["ClusterObservations", "Poller", "omissions", "read_raw", "recorded_scenario"]
