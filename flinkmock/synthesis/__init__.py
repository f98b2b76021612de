"""Facts become answers: the contract's shape, and made-up values where nothing is known."""

from flinkmock.synthesis.bodies import Bodies, SynthesisError
from flinkmock.synthesis.coverage import coverage
from flinkmock.synthesis.jackson import encode, java_double

__all__ = ["Bodies", "SynthesisError", "coverage", "encode", "java_double"]
