"""The operations of the control API, one module for each thing that they are about. Importing them fills the table."""

from flinkmock.control.operations import (
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
)

MODULES = (server, clock, jobs, processes, signals, faults, requests, scenario, snapshots, clusters)
"""In the order of the documentation."""
