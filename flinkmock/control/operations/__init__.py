"""The operations of the control API, one module for each subject. Importing a module registers its operations."""

from flinkmock.control.operations import (
    built_in,
    clock,
    clusters,
    faults,
    jobs,
    processes,
    requests,
    scenario,
    server,
    signals,
    snapshots,
    timeline,
)

MODULES = (
    server,
    clock,
    jobs,
    processes,
    signals,
    faults,
    requests,
    scenario,
    built_in,
    snapshots,
    timeline,
    clusters,
)
"""The modules, in the order of the documentation."""
