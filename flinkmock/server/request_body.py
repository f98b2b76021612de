"""The body of a request, as it arrives at aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from flinkmock import limits


class BodyStalled(Exception):
    """The client has begun a body, and sends no more of it."""


async def chunks(http: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield the body of a request piece by piece. Raises BodyStalled after the pause of `limits.BODY_PAUSE`."""
    if not http.body_exists:
        return
    content = http.content
    while not content.at_eof():
        try:
            async with asyncio.timeout(limits.BODY_PAUSE):
                chunk = await content.readany()
        except TimeoutError:
            raise BodyStalled from None
        if chunk:
            yield chunk
