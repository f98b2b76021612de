"""The operations of the control API, one module for each thing that they are about. Importing them fills the table."""

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
"""In the order of the documentation."""
