"""Submissions of clients: jars, programs and serialized plans, and reading them."""
