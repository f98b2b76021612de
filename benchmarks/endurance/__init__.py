"""The effects of long use, many connections and failures."""
