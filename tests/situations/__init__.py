"""Situations in which a real Flink was recorded (`tests/fidelity/situations/`), and the fake in the same ones."""
