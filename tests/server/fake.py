"""An engine without a cluster: it remembers what it was asked and answers what it was told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flinkmock.contract import Contract, Operation
from flinkmock.faults import Faults
from flinkmock.flink.configuration import Configuration
from flinkmock.journal import Journal
from flinkmock.named_random import NamedRandom
from flinkmock.rest.call import FileContent

Handler = Callable[..., bytes | FileContent]


@dataclass
class FakeCluster:
    configuration: Configuration
    leadership: FakeJobManagers
    shut_down: bool = False


@dataclass
class FakeJobManagers:
    """The only one leads."""

    jobmanagers: tuple[None] = (None,)
    leader: object = "the only one"


class FakeClock:
    generation = 0

    def now(self) -> int:
        return 1_700_000_000_000


@dataclass
class RequestSample:
    operation: Operation
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    files: tuple[tuple[str, bytes], ...]
    base_url: str


@dataclass
class FakeEngine:
    """`answer` is called instead of `handle`, if it is given."""

    flink: str = "2.3"
    settings: Mapping[str, str] = field(default_factory=dict)
    answer: Handler | None = None

    def __post_init__(self) -> None:
        self.contract = Contract.load(self.flink)
        self.cluster = FakeCluster(Configuration(dict(self.settings)), FakeJobManagers())
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.faults = Faults(NamedRandom(0))
        self.journal = Journal()
        self.asked: list[RequestSample] = []

    def job_name(self, job_id: str | None) -> str | None:
        return None

    def turned_away(self, jobmanager: int) -> None:
        return None

    def handle(
        self, operation: Operation, *, path, query, body, files, base_url, arrived, jobmanager, ago
    ) -> bytes | FileContent:
        contents = tuple((file.name, file.path.read_bytes()) for file in files)
        self.asked.append(RequestSample(operation, path, query, body, contents, base_url))
        if self.answer:
            return self.answer(operation, path=path, query=query, body=body, files=files)
        if operation.returns_file:
            return FileContent(b"a line\n")
        return json.dumps({"operation": operation.id}).encode()

    @property
    def last(self) -> RequestSample:
        return self.asked[-1]
