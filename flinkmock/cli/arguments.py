"""Types of arguments of several commands."""

from __future__ import annotations

from argparse import ArgumentTypeError

from flinkmock.errors import InvalidArgument
from flinkmock.units import parse_duration

TOKEN_VARIABLE = "FLINKMOCK_TOKEN"
"""The environment variable with the token of the control API, for `serve` and `ctl`."""


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
