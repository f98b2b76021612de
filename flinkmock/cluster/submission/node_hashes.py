"""Hashes of operators, computed from their uid or from the topology (StreamGraphHasherV2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from flinkmock.cluster.submission.chaining import ChainingRules
from flinkmock.flink.murmur3 import murmur3_128


def hash_of_uid(uid: str) -> bytes:
    """Return the hash of an operator with a uid."""
    return murmur3_128(uid.encode(errors="replace"))


class NodeHashes:
    """The hashes of the operators of a StreamGraph, by their ids in the graph, which are integers.

    Flink uses the hash as the OperatorID, and the hash of the first operator in a vertex as the JobVertexID. The hash
    of an operator without a uid depends on how many operators were hashed before it, so the order of `add` matters.
    """

    def __init__(self, rules: ChainingRules) -> None:
        self._rules = rules
        self._hashes: dict[int, bytes] = {}

    def hex(self, id: int) -> str:
        """Return the hash of an operator that has been added."""
        return self._hashes[id].hex()

    def add(self, id: int) -> bool:
        """Hash an operator; return False, and do nothing, if it has no uid and an input has no hash yet."""
        if id in self._hashes:
            return True
        node = self._rules.nodes[id]
        if node.uid is None and any(edge.source not in self._hashes for edge in node.inputs):
            return False
        self._hashes[id] = hash_of_uid(node.uid) if node.uid is not None else self._hash_of_topology(id)
        return True

    def add_breadth_first(self, sources: Iterable[int]) -> None:
        """Hash all operators in breadth-first order, starting at the sources."""
        remaining = deque(sorted(sources))
        visited = set(remaining)
        while remaining:
            id = remaining.popleft()
            if not self.add(id):
                visited.discard(id)  # it is visited again from its other inputs
                continue
            for edge in self._rules.nodes[id].outputs:
                if edge.target not in visited:
                    visited.add(edge.target)
                    remaining.append(edge.target)

    def _hash_of_topology(self, id: int) -> bytes:
        node = self._rules.nodes[id]
        position = len(self._hashes).to_bytes(4, "little")
        chained_count = sum(self._rules.is_chained(edge) for edge in node.outputs)
        digest = murmur3_128(position * (1 + chained_count))  # the bytes are repeated for each chained output
        for edge in node.inputs:
            input_hash = self._hashes[edge.source]
            digest = bytes((byte * 37 & 0xFF) ^ input_byte for byte, input_byte in zip(digest, input_hash, strict=True))
        return digest
