"""The fake responds as real clusters did in the situations that tests/fidelity/situations describes and records."""
