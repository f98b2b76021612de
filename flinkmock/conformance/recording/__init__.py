"""Records a live cluster read-only and turns the recording into a scenario.

    observations = ClusterObservations()
    Poller(reader, observations, wait).poll(60_000, 1_000)
    recorded_scenario(observations)

States come from the timestamps and exception histories of the jobs, so that the scenario has states between two polls
too; graphs from the plan; interval, duration and size of checkpoints from their history. Metrics are recorded only if
they are not Flink's own.
"""

from flinkmock.conformance.recording.observations import ClusterObservations, read_raw
from flinkmock.conformance.recording.omissions import omissions
from flinkmock.conformance.recording.poller import Poller
from flinkmock.conformance.recording.scenario import recorded_scenario

__all__ = ["ClusterObservations", "Poller", "omissions", "read_raw", "recorded_scenario"]
