"""Asks a live server everything of a contract that can be asked safely, and reports where it deviates.

"Safe" means that it changes nothing; parameters are found on the server itself (jobs, vertices, subtasks, attempts,
checkpoints, task managers, log files, applications). Nothing is made up: an operation that nothing can be asked of is
reported as not judged. What changes something is asked only when a job to change is named (`writing.Write`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from flinkmock.conformance.cross_checks import clashes
from flinkmock.conformance.http_client import HttpClient, HttpRequest, HttpResponse, Reader, Server
from flinkmock.conformance.invariants import InvariantViolation, contradictions
from flinkmock.conformance.report import Finding, Report, general
from flinkmock.conformance.response_check import judge, legal_refusal
from flinkmock.conformance.targets import PER_PARAMETER, Targets
from flinkmock.contract import LATEST, Contract, Operation, known_releases
from flinkmock.errors import ServerUnreachable

UNSAFE = frozenset({"getYarnCancelJobTermination", "getYarnStopJobTermination"})
"""GETs that end a job."""
Progress = Callable[[int, int, str], None]
"""(steps done, of how many, the one that comes next). Reading, changing and generated requests each count their own; in
the end it is called with as many done as there are."""


def check(
    url: str,
    flink: str | None = None,
    *,
    contract: Contract | None = None,
    further: tuple[Callable[[Check], None], ...] = (),
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
) -> Report:
    """Checks the server at `url` against the contract of `flink` ("2.3"; None: of the release it says it is).

    `contract`: another one to hold against it, such as the documentation's. `further`: what is asked after the safe
    questions (`writing.Write`, `fuzzing.Fuzz`). `headers`: what goes with each request, such as a key.

    Raises:
        ServerUnreachable: nothing there answers, or it says that it is a release that is not known.
        UnknownRelease: `flink` is none.
    """
    server = HttpClient(url, headers)
    try:
        return Check(server, contract or Contract.load(flink or told_release(server)), progress=progress).run(further)
    finally:
        server.close()


class Check:
    """One check of one server. `wait(ms)` lets time pass before a question is put again; up to `most` things of a kind
    are asked for, such as the vertices of a job."""

    def __init__(
        self,
        server: Server,
        contract: Contract,
        *,
        progress: Progress | None = None,
        wait: Callable[[int], None] = lambda ms: time.sleep(ms / 1000),
        most: int = PER_PARAMETER,
    ) -> None:
        self.server = server
        self.contract = contract
        self.wait = wait
        self._most = most
        self.report = Report(server.url, str(contract.release))
        self.reader = Reader(server)
        self.targets = Targets(self.reader, most)
        self.progress = progress or (lambda done, of, what: None)

    def run(self, further: tuple[Callable[[Check], None], ...] = ()) -> Report:
        """Asks everything. Raises ServerUnreachable."""
        readable = [each for each in self.contract if each.method == "GET" and each.id not in UNSAFE]
        for done, operation in enumerate(readable):
            self.progress(done, len(readable) + 1, str(operation))
            self._read(operation)
        self.progress(len(readable), len(readable) + 1, "how the answers hang together")
        for clash in clashes(_Sound(self), self.wait, self._most):
            if clash.operation_id in self.contract:
                self.contradicted(self.contract.operation(clash.operation_id), clash.path, clash.contradiction)
        for more in further:
            more(self)
        self.progress(1, 1, "")
        self.report.requests = self.server.requests
        return self.report

    def put(self, operation: Operation, question: HttpRequest, refusals: tuple[int, ...] | None = None) -> HttpResponse:
        """Asks one question and judges the answer."""
        answer = self.server.ask(question)
        if answer.status == operation.status:
            self.report.answered[operation] += 1
        elif why := legal_refusal(operation, answer):
            self.report.refused[operation] = why
        for finding in judge(self.contract, operation, answer, refusals):
            self.report.add(finding, question.target)
        return answer

    def _read(self, operation: Operation) -> None:
        paths = self.targets.paths(operation)
        if not paths:
            self.report.skipped[operation] = "the server names nothing to ask for"
        for path in paths:
            for query in self.targets.queries(operation, path):
                answer = self.put(operation, HttpRequest(path + query))
                if answer.status != operation.status:
                    break  # other query parameters will not change it
                if not operation.answers_file and self.sound(operation):
                    for contradiction in contradictions(operation.id, answer.body, asked(operation, path)):
                        self.contradicted(operation, path + query, contradiction)

    def sound(self, operation: Operation) -> bool:
        """Whether its answers are what their schema says, so that it makes sense to compare what they tell."""
        return operation not in self.report.unsound

    def contradicted(self, operation: Operation, path: str, told: InvariantViolation) -> None:
        finding = Finding(operation, general(told.pointer), "coherence", told.expected, told.found)
        self.report.add(finding, path)


class _Sound:
    """The server's answers, but for those that are wrong by themselves: each mistake is told once."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def json(self, target: str) -> Any:
        operation = self._check.contract.match("GET", target)
        return self._check.reader.json(target) if operation and self._check.sound(operation) else {}


def asked(operation: Operation, path: str) -> dict[str, str]:
    """The values of the path's parameters in a concrete path."""
    segments = path.partition("?")[0].strip("/").split("/")
    return {
        name[1:]: unquote(value)
        for name, value in zip(operation.segments, segments, strict=True)
        if name.startswith(":")
    }


def told_release(server: Server) -> str:
    """The minor release that the server says it is. Raises ServerUnreachable."""
    version = told_version(server, f"Name it: --flink {LATEST}.")
    minor = ".".join(version.split(".")[:2])
    if minor not in known_releases():
        raise ServerUnreachable(
            f"{server.url} is Flink {version}, which is not known. Compare with one: --flink {LATEST}."
        )
    return minor


def told_version(server: Server, otherwise: str = "") -> str:
    """The version that the server says it is ("2.3.0"). `otherwise`: what helps if it tells none.

    Raises ServerUnreachable.
    """
    answer = server.ask(HttpRequest("/config"))
    if answer.status == 200:
        with suppress(ValueError, LookupError, TypeError):
            if isinstance(version := answer.body["flink-version"], str):
                return version
    why = f", it answers {answer.status}" if answer.status != 200 else ""
    if answer.status in (401, 403):
        why += (
            ": it wants to know who asks. check and record take a key, --header 'Authorization: Bearer …'; the proxy "
            "passes on those of its clients"
        )
    raise ServerUnreachable(f"{server.url}/config does not tell Flink's version{why}. {otherwise}".rstrip())
