"""multipart/form-data as browsers send it. A part is a dict with name and data, and optionally filename and type."""

from __future__ import annotations

from typing import Any

Part = dict[str, Any]

BOUNDARY = "----oracleBoundary7MA4YWxkTrZu0gW"
JAR_CONTENT_TYPE = "application/x-java-archive"


def jar_part(filename: str, data: bytes, name: str = "jarfile", content_type: str | None = JAR_CONTENT_TYPE) -> Part:
    """Return the form part of a jar. `name` is that of the form field; a `content_type` of None is left out."""
    type_entry = {"type": content_type} if content_type else {}
    return {"name": name, "filename": filename} | type_entry | {"data": data}


def encode(parts: list[Part]) -> tuple[bytes, str]:
    """Return the body of a request with these parts, and its content type."""
    body = bytearray()
    for part in parts:
        filename = f'; filename="{part["filename"]}"' if "filename" in part else ""
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part["name"]}"{filename}\r\n'.encode()
        if "type" in part:
            body += f"Content-Type: {part['type']}\r\n".encode()
        body += b"\r\n" + part["data"] + b"\r\n"
    body += f"--{BOUNDARY}--\r\n".encode()
    return bytes(body), f"multipart/form-data; boundary={BOUNDARY}"


def describe(parts: list[Part]) -> list[Part]:
    """Return parts as they are recorded: with their size instead of their data."""
    described = []
    for part in parts:
        entries = {key: value for key, value in part.items() if key != "data"}
        described.append(entries | {"bytes": len(part["data"])})
    return described
