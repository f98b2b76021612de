"""Records the situations of `tests/situations/VERSION.json.gz` from a real Flink.

    python -m tests.fidelity.situations 2.3.0 --home flink-2.3.0

A situation is a state of a cluster or job that takes a real cluster minutes, or a special configuration, to reach: a
job that waits for slots, a batch job, a finished vertex in a running job, unusual savepoint directories, a stop or an
application that fails, a job that is INITIALIZING or CREATED, an ended job that expires. The tests in
`tests/situations` do not play the steps of a situation; they put the fake into the same situation on a virtual clock.
"""
