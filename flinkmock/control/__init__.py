"""Controls a cluster from outside its REST API: the Python API of tests and the control API over HTTP.

`ClusterControl` is the one object behind both. `FlinkMock` is a `ClusterControl` with a server, and each operation of
the control API (`flinkmock/control/operations/`) calls one of its methods. This package doesn't use asyncio or
aiohttp: the server awaits what `ControlApi.respond` awaits.
"""
