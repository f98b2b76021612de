"""What drives a cluster from outside its REST API: the Python API of tests and the control API over HTTP.

`ClusterControl` is the one object behind both. `FlinkMock` is a `ClusterControl` with a server of its own, and each
operation of the control API (`flinkmock/control/operations/`) calls one. Nothing in this package knows asyncio or
aiohttp: the server awaits what `ControlApi.respond` awaits.
"""
