"""Dry runs of scenarios without a server: the plan of a scenario, and the findings of `scenario check`."""
