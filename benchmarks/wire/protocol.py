"""An asyncio protocol that reads only the target and writes fixed bytes: the least that a server on asyncio costs.

`python -m benchmarks.wire.protocol PORT FOLDER`, with a folder as for `benchmarks.wire.bare`. It doesn't parse HTTP:
it treats the data that arrives at once as one request.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path


class FixedBytes(asyncio.Protocol):
    """One connection. `responses` are the bytes of whole responses by target."""

    def __init__(self, responses: dict[bytes, bytes]) -> None:
        self._responses = responses

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._responses[data.split(b" ", 2)[1]])


def load_responses(folder: Path) -> dict[bytes, bytes]:
    responses = {}
    for target, name in json.loads((folder / "index.json").read_text()).items():
        body = (folder / name).read_bytes()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        responses[target.encode()] = head + body
    return responses


async def serve(port: int, folder: Path) -> None:
    responses = load_responses(folder)
    server = await asyncio.get_running_loop().create_server(lambda: FixedBytes(responses), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
