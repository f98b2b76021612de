"""The cluster as it was a while ago."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from flinkmock.cluster.leadership import without_caches

if TYPE_CHECKING:
    from flinkmock.cluster.cluster import Cluster


def cluster_at(cluster: Cluster, time: int) -> Cluster | None:
    """What the cluster was like at `time` (epoch ms), to be read as of that time and no further; None: nobody led.

    It has the jobs and applications that its leader then had. What the present still has of jars and results is told
    by their own times; those deleted since are missing.
    """
    term = cluster.leadership.term_at(time)
    if term is None:
        return None
    past = copy.copy(cluster)
    past.jobs = {id: job for id, job in term.jobs.items() if job.submitted_at <= time}
    past.applications = {id: each for id, each in term.applications.items() if each.created_at <= time}
    past.cache_enabled = False
    past.leadership = without_caches(cluster.leadership)
    return past
