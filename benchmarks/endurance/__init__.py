"""Measures what long use, many connections and failures leave behind in a server."""
