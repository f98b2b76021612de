"""Several passes over a server, which are recorded once and checked many times with changed responses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from flinkmock.conformance.coherence import CoherenceSession, Culprit, success_response
from flinkmock.conformance.coherence.session import REPEAT_AFTER_MS
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.http_client import Client, ClientReader, HttpRequest
from flinkmock.conformance.targets import Targets
from flinkmock.contract import Contract
from flinkmock.contract.operation_traits import only_reads
from tests.conformance.cached_invariants import CachedInvariants

Change = Callable[[SuccessResponse, int], SuccessResponse]
"""(a response, the number of its pass from 0) -> the same or a changed response."""


@dataclass
class RecordedPasses:
    """The success responses of passes over a server.

    Attributes:
        contract: The contract of the server's release.
        passes: The responses of each pass, in order.
        end_times_ms: When each pass ended.
    """

    contract: Contract
    passes: list[list[SuccessResponse]] = field(default_factory=list)
    end_times_ms: list[float] = field(default_factory=list)

    def record(self, client: Client, now: Callable[[int], float], values_per_parameter: int) -> None:
        """Add a pass.

        Args:
            client: Sends the requests.
            now: Returns the time in ms. It is called before each request and after each success response, with the
                number of success responses before it, and at the end of the pass with the number of all of them.
            values_per_parameter: How many values of each path parameter are used.
        """
        targets = Targets(ClientReader(client), values_per_parameter)
        responses: list[SuccessResponse] = []
        for operation in self.contract:
            if not only_reads(operation):
                continue
            for path in targets.paths(operation):
                for query in targets.queries(operation, path):
                    sent_at = now(len(responses))
                    response = client.send(HttpRequest(path + query))
                    if response.status != operation.status:
                        break
                    body = response.raw_body.decode("latin-1") if operation.returns_file else response.body
                    request_number = len(responses)
                    received_at = now(request_number)
                    responses.append(
                        success_response(operation, path + query, body, sent_at, received_at, request_number)
                    )
        self.passes.append(responses)
        self.end_times_ms.append(now(len(responses)))

    @cached_property
    def _invariants(self) -> CachedInvariants:
        responses = [response for responses in self.passes for response in responses]
        return CachedInvariants(self.contract.release.number, responses)

    def find_culprits(
        self, change: Change = lambda response, pass_number: response, pass_numbers: Iterable[int] | None = None
    ) -> list[Culprit]:
        """Check changed responses; return the culprits.

        Args:
            change: Changes the responses.
            pass_numbers: The numbers of the passes that are checked, from 0; None: all.
        """
        now = 0.0
        culprits: list[Culprit] = []
        newest_responses: dict[str, SuccessResponse] = {}  # the changed responses of the pass, by target

        session = CoherenceSession(self._invariants, lambda target: newest_responses.get(target), lambda: now)
        for pass_number in pass_numbers if pass_numbers is not None else range(len(self.passes)):
            now = self.end_times_ms[pass_number]
            responses = [change(response, pass_number) for response in self.passes[pass_number]]
            newest_responses = {response.target: response for response in responses}
            for response in responses:
                session.add(response)
            culprits += session.end_pass()
            culprits += session.request_again()
        for pause_ms in REPEAT_AFTER_MS:
            now += pause_ms
            culprits += session.request_again()
        return culprits
