"""Controls a cluster from outside its REST API: the Python API of tests, and the control API over HTTP.

`ClusterControl` is behind both. `FlinkMock` is a `ClusterControl` with a server, and each operation of the control API
(`flinkmock/control/operations/`) calls one of its methods. This package uses neither asyncio nor aiohttp; the server
runs the coroutine `ControlApi.respond`.
"""
