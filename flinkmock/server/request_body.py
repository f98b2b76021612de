"""Reads the body of a request from aiohttp, chunk by chunk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from flinkmock import limits


class BodyStalled(Exception):
    """The client has stopped sending a body before its end."""


async def body_chunks(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield the chunks of a body. Raises BodyStalled after a pause of `limits.BODY_PAUSE` seconds."""
    if not request.body_exists:
        return
    content = request.content
    while not content.at_eof():
        try:
            async with asyncio.timeout(limits.BODY_PAUSE):
                chunk = await content.readany()
        except TimeoutError:
            raise BodyStalled from None
        if chunk:
            yield chunk
