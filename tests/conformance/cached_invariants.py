"""Invariants that cache the relations of unchanged responses.

A falsification changes only the responses to one request, so most relations are the same in every check.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from flinkmock.conformance.coherence import Invariants
from flinkmock.conformance.coherence.evaluation import EvaluatedRelation, relations_of
from flinkmock.conformance.coherence.values import SuccessResponse
from flinkmock.conformance.coherence.view import View

_ReadResponses = dict[tuple[str, tuple[tuple[str, str], ...]], tuple[SuccessResponse, ...]]
"""(operation id, sorted path parameters) -> the responses that a view has for them."""


class _RecordingView(View):
    """Records which responses are read from another view.

    Attributes:
        read_responses: The responses that were read.
        has_read_all: Whether all responses were read.
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        del self.responses_in_order  # so that `__getattr__` is called when it is read
        self._view = view
        self.read_responses: _ReadResponses = {}
        self.has_read_all = False

    def __getattr__(self, name: str) -> list[SuccessResponse]:
        if name != "responses_in_order":
            raise AttributeError(name)
        self.has_read_all = True
        return self._view.responses_in_order

    def __iter__(self) -> Iterator[SuccessResponse]:
        self.has_read_all = True
        return iter(self._view)

    def subjects(self, kind: str) -> list[tuple[str, ...]]:
        return self._view.subjects(kind)

    def responses_of(self, operation_id: str, parameters: dict[str, str]) -> Iterable[SuccessResponse]:
        responses = tuple(self._view.responses_of(operation_id, parameters))
        self.read_responses[operation_id, tuple(sorted(parameters.items()))] = responses
        return responses


class CachedInvariants(Invariants):
    """The invariants of a release, with the same relations as `Invariants`.

    Args:
        release_number: The release as numbers, such as (2, 3).
        recurring: The responses that are checked again and again. All views that contain them have the same subjects.
    """

    def __init__(self, release_number: tuple[int, int], recurring: Iterable[SuccessResponse]) -> None:
        super().__init__(release_number)
        self._recurring = {id(response): response for response in recurring}
        # the keys are the `id()` of one or two responses
        self._relations_by_responses: dict[tuple[int, ...], list[EvaluatedRelation]] = {}
        # (invariant id, ids of the subject) -> for each view, the responses that the invariant read, and the relations
        self._relations_by_subject: dict[
            tuple[str, tuple[str, ...]], list[tuple[_ReadResponses, list[EvaluatedRelation]]]
        ] = {}

    def _are_recurring(self, *responses: SuccessResponse) -> bool:
        return all(id(response) in self._recurring for response in responses)

    def relations_within(self, response: SuccessResponse) -> Iterator[EvaluatedRelation]:
        if not self._are_recurring(response):
            return super().relations_within(response)
        key = (id(response),)
        if key not in self._relations_by_responses:
            self._relations_by_responses[key] = list(super().relations_within(response))
        return iter(self._relations_by_responses[key])

    def relations_over_time(self, before: SuccessResponse, after: SuccessResponse) -> Iterator[EvaluatedRelation]:
        if not self._are_recurring(before, after):
            return super().relations_over_time(before, after)
        key = (id(before), id(after))
        if key not in self._relations_by_responses:
            self._relations_by_responses[key] = list(super().relations_over_time(before, after))
        return iter(self._relations_by_responses[key])

    def relations_between(self, view: View, only: Collection[str] | None = None) -> Iterator[EvaluatedRelation]:
        assert only is None
        for invariant in self.between_responses:
            for ids in view.subjects(invariant.subjects[0]):
                cached = self._relations_by_subject.setdefault((invariant.id, ids), [])
                relations = next(
                    (relations for read_responses, relations in cached if _has_responses(view, read_responses)), None
                )
                if relations is None:
                    recording_view = _RecordingView(view)
                    relations = list(relations_of(invariant, ids, recording_view, *ids))
                    read_responses = recording_view.read_responses
                    if not recording_view.has_read_all and all(
                        self._are_recurring(*responses) for responses in read_responses.values()
                    ):
                        cached.append((read_responses, relations))
                yield from relations


def _has_responses(view: View, read_responses: _ReadResponses) -> bool:
    """Return whether a view has the responses that were read from another view."""
    for (operation_id, parameters), responses in read_responses.items():
        view_responses = tuple(view.responses_of(operation_id, dict(parameters)))
        if len(view_responses) != len(responses) or any(
            a is not b for a, b in zip(view_responses, responses, strict=True)
        ):
            return False
    return True
