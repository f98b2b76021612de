"""Reads what clients submit: jars, programs and serialized plans."""
