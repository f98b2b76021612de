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
"""The result of a handler: JSON values under the keys of all releases, or a `FileContent`.

If parts are reused (`RestCall.fragments`), it can contain `Fragment`s and iterators; `rendering/writer.py` writes them.
"""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart form, stored at `path` until the request is answered. `name` contains no directories."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FileContent:
    """A response that is a file, such as a log: its bytes and its content type."""

    data: bytes
    content_type: str = "text/plain"


@dataclass(slots=True)
class RestCall:
    """One request to one operation. It is not frozen, because creating a frozen one takes three times as long.

    Attributes:
        operation: The operation that the request calls.
        cluster: The cluster.
        now: The cluster time in epoch ms.
        path: Name of a path parameter -> converted value: ids as 32 lower-case hex digits, numbers as int, texts as
            str.
        query: Name of a query parameter -> list of converted values, without parameters that are missing or have
            several values, all of them empty (`a=,`).
        body: The JSON object of the request, including nulls; {} if there is none.
        files: The uploaded files.
        base_url: The URL at which the request arrived, without a path.
        jobmanager: The index of the JobManager that received the request.
        default_body: Returns the body for `response`; None outside of functions registered with
            `ClusterControl.on`.
        fragments: Key -> part of an earlier response to the same request; None: parts are not reused.
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
    default_body: Callable[[], Any] | None = None
    fragments: dict[str, Fragment] | None = None

    def response(self) -> Any:
        """Handle the call and return the body of its response, as JSON with the keys of the served release.

        This is for functions registered with `ClusterControl.on`, which may change the body and return it. The request
        takes effect: for example, it triggers a savepoint. If the response is a file, the body is bytes.

        Raises:
            ClusterError: The cluster rejects the request. Let the error pass, or return another response.
            NotRunning: The call was not passed to such a function.
        """
        if self.default_body is None:
            raise NotRunning("call.response() can only be called by functions that are registered with FlinkMock.on.")
        return self.default_body()

    def part(self, key: str, version: object, make: Callable[[int], Payload]) -> Payload:
        """Return a part of the payload, which is computed again only if it has changed since an earlier request.

        The result can only be put into the payload, since it may be a `Fragment`.

        Args:
            key: A name for the part that no other part of the response has.
            version: A value that changes when the part changes for a reason other than the time.
            make: Returns the part for a time in epoch ms.
        """
        now: Any = self.now
        if self.fragments is None or not isinstance(now, Moment):
            return make(self.now)
        part = self.fragments[key] = now.fragment(self.fragments.get(key), version, make)
        return part

    def parts(self, make: Callable[[Any], Payload], items: Iterable[Any]) -> Iterable[Payload]:
        """Return `make(item)` for each item; `make` calls `part`.

        If parts are reused, they are computed one by one while the response is written, so that a long list needs
        less memory.
        """
        parts = map(make, items)
        return list(parts) if self.fragments is None else parts

    def fixed_part(self, key: str, version: object, make: Callable[[], Payload]) -> Payload:
        """Return a part that doesn't depend on the time. It is reused until `version` changes; see `part`."""
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
        """Return the first value of a query parameter, or `default` if it has none."""
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
