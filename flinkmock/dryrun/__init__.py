"""A scenario played before it serves: what will happen in it, and what in it can't be right."""
