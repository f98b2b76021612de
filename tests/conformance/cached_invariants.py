"""Invariants that keep what they found for responses that recur, since a falsification changes only one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from flinkmock.conformance.coherence import Invariants
from flinkmock.conformance.coherence.evaluation import EvaluatedRelation, relations_of
from flinkmock.conformance.coherence.values import SeenResponse
from flinkmock.conformance.coherence.view import View

_Reads = dict[tuple[str, tuple[tuple[str, str], ...]], tuple[SeenResponse, ...]]


class _ReadsView(View):
    """Another view that notes which responses are read from it.

    Attributes:
        reads: Operation and parameters -> the responses that the view has for them.
        reads_all: Whether all responses were read.
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        del self.in_order
        self._view = view
        self.reads: _Reads = {}
        self.reads_all = False

    def __getattr__(self, name: str) -> list[SeenResponse]:
        if name != "in_order":
            raise AttributeError(name)
        self.reads_all = True
        return self._view.in_order

    def __iter__(self) -> Iterator[SeenResponse]:
        self.reads_all = True
        return iter(self._view)

    def subjects(self, kind: str) -> list[tuple[str, ...]]:
        return self._view.subjects(kind)

    def _of(self, operation_id: str, parameters: dict[str, str]) -> Iterable[SeenResponse]:
        responses = tuple(self._view._of(operation_id, parameters))
        self.reads[operation_id, tuple(sorted(parameters.items()))] = responses
        return responses


class CachedInvariants(Invariants):
    """The invariants of a release; they give the same relations as `Invariants`, sooner.

    Args:
        minor: The release, such as (2, 3).
        recurring: The responses that are judged again and again. Views of them have the same subjects.
    """

    def __init__(self, minor: tuple[int, int], recurring: Iterable[SeenResponse]) -> None:
        super().__init__(minor)
        self._recurring = {id(response): response for response in recurring}
        self._known: dict[tuple[int, ...], list[EvaluatedRelation]] = {}
        self._between: dict[tuple[str, tuple[str, ...]], list[tuple[_Reads, list[EvaluatedRelation]]]] = {}

    def _recurs(self, *responses: SeenResponse) -> bool:
        return all(id(response) in self._recurring for response in responses)

    def of_response(self, response: SeenResponse) -> Iterator[EvaluatedRelation]:
        if not self._recurs(response):
            return super().of_response(response)
        if (id(response),) not in self._known:
            self._known[id(response),] = list(super().of_response(response))
        return iter(self._known[id(response),])

    def of_times(self, before: SeenResponse, after: SeenResponse) -> Iterator[EvaluatedRelation]:
        if not self._recurs(before, after):
            return super().of_times(before, after)
        if (id(before), id(after)) not in self._known:
            self._known[id(before), id(after)] = list(super().of_times(before, after))
        return iter(self._known[id(before), id(after)])

    def of_view(self, view: View, only: Collection[str] | None = None) -> Iterator[EvaluatedRelation]:
        assert only is None
        for invariant in self.between:
            for ids in view.subjects(invariant.subjects[0]):
                known = self._between.setdefault((invariant.id, ids), [])
                relations = next((cached for reads, cached in known if _same(view, reads)), None)
                if relations is None:
                    noted = _ReadsView(view)
                    relations = list(relations_of(invariant, ids, noted, *ids))
                    if not noted.reads_all and all(self._recurs(*each) for each in noted.reads.values()):
                        known.append((noted.reads, relations))
                yield from relations


def _same(view: View, reads: _Reads) -> bool:
    """Return whether a view has the same responses as the one that was read."""
    for (operation_id, parameters), responses in reads.items():
        present = tuple(view._of(operation_id, dict(parameters)))
        if len(present) != len(responses) or any(a is not b for a, b in zip(present, responses, strict=True)):
            return False
    return True
