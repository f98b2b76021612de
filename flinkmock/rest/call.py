"""What a resource gets to see of a request: converted, validated, and without a word of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flinkmock.cluster.caches import Caches
    from flinkmock.cluster.cluster import Cluster
    from flinkmock.contract import Operation

Payload = Any
"""What is true: dicts, lists, strings, numbers, None. Keys are those of the JSON answers, of all releases at once."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of a multipart body, kept at `path` until the request is answered. `name` has no folders in it."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class FileContent:
    """An answer that is a file (logs): bytes and the content type to the letter."""

    data: bytes
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class RestCall:
    """One request to one operation.

    `path`: parameter name -> converted value (ids as 32 lower-case hex digits, numbers as int, texts as str).
    `query`: name -> list of converted values; a name that was not given, or was empty, is absent.
    `body`: the JSON object of the request with explicit nulls kept; {} when there was none.
    `jobmanager`: the number of the one that was asked; each answers for the leader.
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

    @property
    def caches(self) -> Caches:
        """Those of the JobManager that was asked."""
        return self.cluster.leadership.jobmanagers[self.jobmanager].caches

    def one(self, name: str, default: Any = None) -> Any:
        """The only value of a query parameter, or `default`."""
        values = self.query.get(name)
        return values[0] if values else default


Handler = Callable[[RestCall], Payload]
HANDLERS: dict[str, Handler] = {}
"""Operation id -> the function that carries it out."""


def handles(*operation_ids: str) -> Callable[[Handler], Handler]:
    """Registers a function for one or more operations of the contract."""

    def register(function: Handler) -> Handler:
        for operation_id in operation_ids:
            if operation_id in HANDLERS:
                raise ValueError(f"{operation_id} has two resources")
            HANDLERS[operation_id] = function
        return function

    return register
