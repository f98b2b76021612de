"""Output for a reader that is slow, does not read, or closes the pipe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from flinkmock.cli.non_blocking_output import NonBlockingOutput

LONG_ENTRY = "x" * 1_000_000
"""More than a pipe holds."""


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """Return both ends of a pipe: for reading, and for writing."""
    read_end, write_end = os.pipe()
    with open(read_end, encoding="utf-8") as reader, open(write_end, "w", encoding="utf-8") as writer:
        yield reader, writer


def test_entries_are_written_in_order(pipe: tuple[TextIO, TextIO]) -> None:
    reader, writer = pipe
    output = NonBlockingOutput(writer)
    output.print("one\nñ")
    output.print("two")
    assert output.end("three")
    writer.close()
    assert reader.read() == "one\nñ\ntwo\nthree\n"


def test_print_does_not_wait_for_a_reader_that_does_not_read(pipe: tuple[TextIO, TextIO]) -> None:
    reader, writer = pipe
    output = NonBlockingOutput(writer, limit=3)
    output.print(LONG_ENTRY)
    for number in range(10):
        output.print(str(number))
    assert not output.end("summary", timeout_s=0.01)
    lines = [reader.readline().rstrip("\n")]
    while lines[-1] != "summary":
        lines.append(reader.readline().rstrip("\n"))
    assert lines[0] == LONG_ENTRY
    omitted_count = 10 - (len(lines) - 3)
    assert lines[-2] == f"({omitted_count} entries are left out, because nobody read the output)"
    assert lines[1:-2] == [str(number) for number in range(10 - omitted_count)]


def test_entries_are_dropped_after_the_reader_has_closed_the_pipe(pipe: tuple[TextIO, TextIO]) -> None:
    reader, writer = pipe
    output = NonBlockingOutput(writer)
    reader.close()
    output.print(LONG_ENTRY)
    assert output.end("summary")  # true, because nothing is left that a reader could read
    output.print("dropped")
