"""Measures the effects of long use, many connections and failures on a server."""
