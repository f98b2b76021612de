"""`--header`, for clusters that require authentication."""

from __future__ import annotations

import argparse
import re

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*)")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-H",
        "--header",
        dest="headers",
        action="append",
        default=[],
        type=header,
        metavar="HEADER",
        help="a header for each request, such as 'Authorization: Bearer …'; can be repeated",
    )


def header(text: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a header. Write 'Authorization: Bearer …'.")
    name, value = match.groups()
    return name, value.strip()
