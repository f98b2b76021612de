"""Reads what clients submit: jars, programs, and serialized job graphs and stream graphs."""
