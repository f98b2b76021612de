"""The suites by name, in the order in which they are played. Each is a function that takes a Driver.

`jars` leaves jobs whose initialization failed. They are also in the lists of jobs that later suites read.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.fidelity.driver import Driver
from tests.fidelity.suites.cluster import cluster
from tests.fidelity.suites.errors import errors
from tests.fidelity.suites.jars import jars
from tests.fidelity.suites.job_running import job_running
from tests.fidelity.suites.lifecycle import lifecycle
from tests.fidelity.suites.rescale import rescale
from tests.fidelity.suites.savepoints import savepoints

SUITES: dict[str, Callable[[Driver], None]] = {
    "cluster": cluster,
    "job-running": job_running,
    "savepoints": savepoints,
    "jars": jars,
    "lifecycle": lifecycle,
    "rescale": rescale,
    "errors": errors,
}
