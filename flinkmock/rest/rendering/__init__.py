"""Renders payloads as bodies with the keys, order and types of one release, and placeholders for missing values."""

from flinkmock.rest.rendering.coverage import coverage
from flinkmock.rest.rendering.jackson import encode
from flinkmock.rest.rendering.renderer import RenderingError, ResponseRenderer

__all__ = ["RenderingError", "ResponseRenderer", "coverage", "encode"]
