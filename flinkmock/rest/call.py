"""The input of a handler: converted and validated values, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flinkmock.errors import NotRunning
from flinkmock.moment import FOREVER, Fragment, Moment

if TYPE_CHECKING:
    from flinkmock.cluster.caches import Caches
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.contract import Operation
    from flinkmock.flink.configuration import Configuration

Payload = Any
"""The result of a handler: dicts, lists, strings, numbers, None, under the keys of the responses of all releases; or a
`FileContent`."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart form, at `path` until the request is answered. `name` has no folders in it."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FileContent:
    """A response that is a file, such as a log: bytes and the value of `content-type`."""

    data: bytes
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class RestCall:
    """One request to one operation.

    Attributes:
        now: Cluster time, epoch ms.
        path: Parameter name -> converted value: ids as 32 lower-case hex digits, numbers as int, texts as str.
        query: Parameter name -> list of converted values. Parameters that are missing or empty are absent.
        body: The JSON object of the request with its nulls; {} if there is none.
        jobmanager: The number of the JobManager that received the request. Each answers for the leader.
        own_response: For functions registered with `on`: what `response` returns.
    """

    operation: Operation
    cluster: Cluster
    now: int
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[UploadedFile] = ()
    base_url: str = "http://127.0.0.1:8081"
    jobmanager: int = 0
    own_response: Callable[[], Any] | None = None
    fragments: dict[str, Fragment] | None = None
    """Key -> a part of an earlier response to the same request; None: payloads are made without such parts."""

    def response(self) -> Any:
        """Handle the call, and return the body of its response: JSON, with the keys of the served
        release. Change it as you like, and return it.

        Only for functions registered with `on`. Like any request, it has its effect: it triggers a savepoint, for
        example. Bodies that are files are bytes.

        Raises:
            ClusterError: The cluster refuses the request. Let it through, or return another response.
        """
        if self.own_response is None:
            raise NotRunning("call.response() is for functions that `on` registered.")
        return self.own_response()

    def part(self, key: str, version: object, make: Callable[[int], Payload]) -> Payload:
        """A part of the payload, which is made again only if it has changed since an earlier request.

        Args:
            key: Identifies it in the response.
            version: What it depends on, besides the time.
            make: Makes it for a time (epoch ms).
        """
        now: Any = self.now
        if self.fragments is None or not isinstance(now, Moment):
            return make(self.now)
        part = self.fragments[key] = now.fragment(self.fragments.get(key), version, make)
        return part

    def parts(self, make: Callable[[Any], Payload], items: Iterable[Any]) -> Iterable[Payload]:
        """The results of `make`, which returns a `part` for each item; made while the response is written, if possible,
        so that not all payloads of a long list are there at once."""
        made = map(make, items)
        return list(made) if self.fragments is None else made

    def fixed_part(self, key: str, version: object, make: Callable[[], Payload]) -> Payload:
        """Like `part`, of a part that doesn't depend on the time."""
        if self.fragments is None:
            return make()
        part = self.fragments.get(key)
        if part is None or part.version != version:
            part = self.fragments[key] = Fragment(make(), version, FOREVER)
        return part

    @property
    def configuration(self) -> Configuration:
        """The configuration of the JobManager that received the request."""
        return self.cluster.jobmanager_configuration(self.jobmanager)

    @property
    def caches(self) -> Caches:
        """The caches of the JobManager that received the request."""
        return self.cluster.leadership.jobmanagers[self.jobmanager].caches

    def query_value(self, name: str, default: Any = None) -> Any:
        """The first value of a query parameter, or `default`."""
        values = self.query.get(name)
        return values[0] if values else default


Handler = Callable[[RestCall], Payload]
HANDLERS: dict[str, Handler] = {}
"""Operation id -> its handler."""


def handles(*operation_ids: str) -> Callable[[Handler], Handler]:
    """Register a function for one or more operations of the contract."""

    def register(function: Handler) -> Handler:
        for operation_id in operation_ids:
            if operation_id in HANDLERS:
                raise ValueError(f"{operation_id} has two handlers")
            HANDLERS[operation_id] = function
        return function

    return register
