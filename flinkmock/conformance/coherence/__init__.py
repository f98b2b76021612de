"""Checks the coherence of the responses of a cluster: applies invariants, and finds the values that break them."""

from flinkmock.conformance.coherence.culprits import Culprit
from flinkmock.conformance.coherence.evaluation import Invariants
from flinkmock.conformance.coherence.registry import INVARIANTS, Invariant, Scope
from flinkmock.conformance.coherence.session import CoherenceSession, described
from flinkmock.conformance.coherence.view import View, success_response

__all__ = [
    "INVARIANTS",
    "CoherenceSession",
    "Culprit",
    "Invariant",
    "Invariants",
    "Scope",
    "View",
    "described",
    "success_response",
]
