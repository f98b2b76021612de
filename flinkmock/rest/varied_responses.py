"""Implements the key `responses: varied` of a scenario: each response is varied within the contract."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flinkmock.contract import Operation
from flinkmock.contract.variation import vary
from flinkmock.named_random import NamedRandom


class VariedResponses:
    """Varies the JSON of success responses, depending on the seed and on the number of responses to the operation.

    Args:
        release: The release, such as "2.3".
        random: The random draws of the cluster.

    Attributes:
        response_counts: Operation id -> number of responses so far.
    """

    def __init__(self, release: str, random: NamedRandom) -> None:
        self._release = release
        self._random = random
        self.response_counts: Counter[str] = Counter()

    def vary(self, operation: Operation, body: Any) -> Any:
        """Change the body of the next response to an operation in place, and return it."""
        self.response_counts[operation.id] += 1
        number = self.response_counts[operation.id]
        vary(body, self._release, operation.id, lambda name: self._random.number("vary", operation.id, number, name))
        return body
