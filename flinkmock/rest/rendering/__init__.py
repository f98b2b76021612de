"""Facts become answers: the contract's shape, and made-up values where nothing is known."""

from flinkmock.rest.rendering.bodies import ResponseRenderer, SynthesisError
from flinkmock.rest.rendering.coverage import coverage
from flinkmock.rest.rendering.jackson import encode

__all__ = ["ResponseRenderer", "SynthesisError", "coverage", "encode"]
