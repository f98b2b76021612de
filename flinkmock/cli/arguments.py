"""Types of command line arguments."""

from __future__ import annotations

from argparse import ArgumentTypeError

from flinkmock.errors import InvalidArgument
from flinkmock.units import parse_duration, parse_time

TOKEN_VARIABLE = "FLINKMOCK_TOKEN"
"""The environment variable with the control token, for `serve` and `ctl`."""


def duration(text: str) -> int:
    """Convert "90s" or "1m30s" to milliseconds. Raises ArgumentTypeError, whose message argparse prints."""
    try:
        return parse_duration(text)
    except InvalidArgument as error:
        raise ArgumentTypeError(str(error)) from error


def integer(text: str) -> int:
    """Convert "7" or "-7" to an int. Raises ArgumentTypeError."""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a whole number. Write digits, such as 7.")
    return int(text)


def non_negative_int(text: str) -> int:
    """Convert "20" to an int that is not negative. Raises ArgumentTypeError."""
    number = integer(text)
    if number < 0:
        raise ArgumentTypeError(f"{text!r} is negative. Write a number from 0.")
    return number


def positive_duration(text: str) -> int:
    """Convert a duration above 0 to milliseconds. Raises ArgumentTypeError."""
    ms = duration(text)
    if ms == 0:
        raise ArgumentTypeError(f'"{text}" is too short. Write a duration above 0, such as 1s.')
    return ms


def port(text: str) -> int:
    """Convert "8081" to a port from 0 to 65535. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise ArgumentTypeError(f"{text!r} is not a port. Write a number from 0 to 65535.")
    return int(text)


def port_range(text: str) -> range:
    """Convert "9000-9099" to a range of ports, including the last one. Raises ArgumentTypeError."""
    first, _, last = text.partition("-")
    ports = range(port(first), port(last or first) + 1)
    if not ports or ports[0] == 0:
        raise ArgumentTypeError(f"{text!r} is not a range of ports. Write the first and the last: 9000-9099.")
    return ports


def start_time(text: str) -> int:
    """Convert "2026-01-01T00:00:00Z" to ms since the epoch. Raises ArgumentTypeError."""
    try:
        return parse_time(text)
    except InvalidArgument as error:
        raise ArgumentTypeError(str(error)) from None
