"""What clients hand in: jars, programs, serialized plans, and what is read out of them."""
