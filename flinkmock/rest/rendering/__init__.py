"""Renders payloads as bodies with the keys, order and types of one release, and placeholders for missing values."""

from flinkmock.rest.rendering.json_encoder import encode
from flinkmock.rest.rendering.modelled_fields import ModelledFields, modelled_fields
from flinkmock.rest.rendering.renderer import RenderingError, ResponseRenderer

__all__ = ["ModelledFields", "RenderingError", "ResponseRenderer", "encode", "modelled_fields"]
