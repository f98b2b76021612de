"""Which scheduler a job has."""

from __future__ import annotations

from flinkmock.conformance.coherence.cluster import options
from flinkmock.conformance.coherence.view import View

_NAMES_OF_DEFAULT = ("default", "ng")
"""Values of jobmanager.scheduler that stand for the default scheduler, in lower case; older releases call it `ng`."""


def has_default_scheduler(view: View, job_id: str) -> bool:
    """Return whether a job has the default scheduler. False if the responses do not show this.

    Since 2.3 the details of the job show its scheduler. Before that, the configuration of the cluster shows it.
    """
    scheduler = view.body("getJobDetails", jobid=job_id)["schedulerType"]
    if scheduler.exists:
        return bool(scheduler.raw == "Default")
    configured = options(view)
    if not view.body("getClusterConfigurationInfo").exists or "scheduler-mode" in configured:
        return False
    option = configured.get("jobmanager.scheduler")
    return option is None or str(option.raw).lower() in _NAMES_OF_DEFAULT
