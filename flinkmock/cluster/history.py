"""A view of the cluster at an earlier time."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from flinkmock.cluster.leadership import without_caches

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster


def cluster_at(cluster: Cluster, time: int) -> Cluster | None:
    """Return a read-only view of the cluster at `time` (epoch ms); None if there was no leader.

    The view has the jobs and applications of the leader at that time. Jars and results that were deleted later are
    missing. Callers must read it as of `time`, not as of a later time.
    """
    term = cluster.leadership.term_at(time)
    if term is None:
        return None
    view = copy.copy(cluster)
    view.jobs = {job_id: job for job_id, job in term.jobs.items() if job.submitted_at <= time}
    view.applications = {
        application_id: application
        for application_id, application in term.applications.items()
        if application.created_at <= time
    }
    view.caches_enabled = False
    view.leadership = without_caches(cluster.leadership)
    return view
