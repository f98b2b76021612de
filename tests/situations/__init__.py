"""Situations in which a real Flink was recorded (`tests/fidelity/situations.py`), and the fake in the same ones."""
