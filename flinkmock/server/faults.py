"""Faults on the wire: what befalls one request and its answer (`flinkmock/faults/` decides which)."""

from __future__ import annotations

import dataclasses
import socket
import struct
from typing import TYPE_CHECKING, NoReturn

from aiohttp import web

from flinkmock.contract import Operation
from flinkmock.faults import Corruption, Drop, Fault, NamedReply, Reply, RequestInfo
from flinkmock.faults.corrupt import corrupted
from flinkmock.faults.decide import FaultHit
from flinkmock.faults.target import FaultTarget
from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.error_responses import RequestRejected, internal, plain
from flinkmock.rest.response import Response, error_answer
from flinkmock.server.aiohttp_response import FlinkResponse
from flinkmock.server.delayed_responses import UNBOUNDED, DelayedResponses

if TYPE_CHECKING:
    from flinkmock.journal import Exchange
    from flinkmock.rest.release_quirks import ReleaseQuirks

_LINGER_0 = struct.pack("ii", 1, 0)
_NEVER_SENT = Response(500, b"", close=True)
_MOST_PIECES = 50
_PIECES_PER_SECOND = 10


class FaultInjection:
    """What befalls one request; nothing, for most of them. `arrived` is the cluster's time (epoch ms) at which it came,
    None if no fault looked at it: then the clock has not moved for it either."""

    def __init__(self, cluster: FaultTarget, behaviour: ReleaseQuirks, holding: DelayedResponses, request: web.Request,
                 seen: Exchange) -> None:  # fmt: skip
        self._cluster = cluster
        self._behaviour = behaviour
        self._holding = holding
        self._request = request
        self._seen = seen
        self._strike: FaultHit | None = None
        self._era = cluster.clock.generation
        self.arrived: int | None = None

    @property
    def fault(self) -> Fault | None:
        """The one that strikes."""
        return self._strike.fault if self._strike else None

    def fall(self, path: str, operation: Operation | None) -> Response | None:
        """Finds out what befalls the request; the answer with which it ends, if the cluster does not get to see it."""
        cluster, method = self._cluster, self._seen.method
        if not cluster.faults or not cluster.faults.may_match(method, path, operation):
            return None
        with cluster.lock:
            if self.arrived is None:
                self.arrived = cluster.arrive()
            name = cluster.job_name(self._seen.job_id)
            since = self.arrived - cluster.started_at
            seen = RequestInfo(method, path, operation, since, name, self._request.headers, cluster.state_of)
            self._strike = cluster.faults.select(seen)
        if self._strike is None:
            return None
        fault = self._strike.fault
        self._seen.fault = fault.name
        if fault.reaches_cluster:
            return None
        return self._reply(fault.reply) if fault.reply else Response(0, b"")

    def nobody_there(self) -> NoReturn:
        """There is no process at this address at present: the connection ends. Raises Refused."""
        self._cut(reset=True)
        raise RequestRejected(Response(0, b""))

    def spoil(self, answer: Response) -> Response:
        """The answer with its body corrupted."""
        corrupt = self._strike.fault.corrupt if self._strike else None
        if corrupt is None:
            return answer
        body = corrupted(answer.body, corrupt)
        kind = "text/html" if corrupt.kind is Corruption.HTML else answer.content_type
        return dataclasses.replace(answer, body=body, content_type=kind)

    @property
    def changes_answer(self) -> bool:
        """Whether the cluster's answer does not go out as it is, though perhaps late."""
        fault = self._strike.fault if self._strike else None
        return fault is not None and bool(
            fault.reply or fault.drop or fault.corrupt or fault.throttle or fault.serve_stale
        )

    async def hold(self) -> None:
        """Waits for as long as the answer is held back."""
        if self._strike is None:
            return
        fault, start = self._strike.fault, self._cluster.clock.now()
        until = UNBOUNDED if fault.drop is Drop.HANG else start + self._strike.delay
        if not await self._holding.until(until, self._gone):
            self._cut(reset=True)

    async def response(self, answer: Response) -> web.StreamResponse:
        """What aiohttp is to send, when the time has come. Cuts the connection if that is what befalls it; aiohttp
        then finds a closed one and is content."""
        if self._strike is None:
            return FlinkResponse(answer if answer.status else _NEVER_SENT)
        await self.hold()
        fault = self._strike.fault
        match fault.drop:
            case Drop.RESET | Drop.AFTER_PROCESSING:
                self._cut(reset=True)
            case Drop.CLOSE:
                self._cut(reset=False)
            case Drop.TRUNCATE if not answer.body:
                self._cut(reset=False)
        if answer.status == 0:
            return FlinkResponse(_NEVER_SENT)
        if fault.drop is Drop.TRUNCATE or fault.throttle:
            return _ChunkedFlinkResponse(answer, self, fault.throttle, whole=fault.drop is not Drop.TRUNCATE)
        return FlinkResponse(answer)

    def now(self) -> int:
        return self._cluster.clock.now()

    async def until(self, moment: float) -> bool:
        """Waits until the clock shows `moment` (epoch ms). False: there is nobody any more."""
        with self._holding.request():
            return await self._holding.until(moment, self._gone)

    def end(self) -> None:
        """Closes the connection after what was written."""
        self._cut(reset=False)

    def _gone(self) -> bool:
        """The client, or the time in which it asked: a snapshot was restored."""
        transport = self._request.transport
        return transport is None or transport.is_closing() or self._era != self._cluster.clock.generation

    def _cut(self, *, reset: bool) -> None:
        transport = self._request.transport
        if transport is None:
            return
        if reset:
            wire = transport.get_extra_info("socket")
            if wire is not None:
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)  # close() then sends RST, not FIN
            transport.abort()
        else:
            transport.close()

    def _reply(self, reply: NamedReply | Reply) -> Response:
        match reply:
            case Reply():
                answer = error_answer(reply.status, *reply.errors)
                return dataclasses.replace(answer, headers=reply.headers)
            case NamedReply.LEADER_UNAVAILABLE:
                return plain(503, messages.NO_LEADER)
            case NamedReply.NOT_FOUND:
                tells = self._behaviour.not_found_tells_path
                return plain(404, messages.not_found(self._seen.target) if tells else messages.NOT_FOUND)
            case NamedReply.GATEWAY_TIMEOUT:
                return Response(504, messages.GATEWAY_TIMEOUT_PAGE, content_type="text/html", cors=False)
            case NamedReply.INTERNAL_ERROR:
                timeout = JavaException("java.util.concurrent.TimeoutException", messages.RPC_TIMED_OUT)
                return internal(JavaException(java_classes.COMPLETION_EXCEPTION, str(timeout), timeout))


class _ChunkedFlinkResponse(FlinkResponse):
    """An answer that comes slowly, or breaks off in the middle of its body. `rate`: bytes per second."""

    def __init__(self, answer: Response, blow: FaultInjection, rate: int | None, *, whole: bool) -> None:
        super().__init__(answer)
        self._blow = blow
        self._rate = rate
        self._whole = whole

    async def write_eof(self, data: bytes = b"") -> None:
        assert self._payload_writer is not None
        if self._must_be_empty_body:
            return await super().write_eof(data)
        body = self.answer.body if self._whole else self.answer.body[: max(len(self.answer.body) // 2, 1)]
        size = len(body) if self._rate is None else max(self._rate // _PIECES_PER_SECOND, len(body) // _MOST_PIECES, 1)
        begin = self._blow.now()
        for start in range(0, len(body), size):
            piece = body[start : start + size]
            if self._rate and not await self._blow.until(begin + 1000 * (start + len(piece)) / self._rate):
                raise ConnectionResetError("nobody is left to write to")
            await self._payload_writer.write(piece)
        if not self._whole:
            self._blow.end()
            raise ConnectionResetError("a fault ended the connection")
        return await web.StreamResponse.write_eof(self)
