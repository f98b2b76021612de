"""A client that calls operations in the same process, and jars for it."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flinkmock.cluster.cluster_spec import ClusterSpec, SubmissionRule
from flinkmock.cluster.spec import JobSpec
from flinkmock.engine import Engine
from flinkmock.rest.handlers import UploadedFile
from flinkmock.rest.in_process import InProcessClient
from tests.cluster.cluster_factory import job

URL = "http://127.0.0.1:8081"
JOB_ID = "00000000000000000000000000000042"
UNKNOWN_ID = "0123456789abcdef0123456789abcdef"


def every_jar_runs(spec: JobSpec | None = None) -> tuple[SubmissionRule, ...]:
    """Return submission rules by which every jar starts this job; by default, one with the name "submitted"."""
    return (SubmissionRule("*", spec or job(name="submitted")),)


class HandlerClient:
    """Calls the operations of an engine with a virtual clock. The end of a `with` block closes the engine.

    Args:
        jobs: The jobs of the scenario.
        flink: The release.
        submissions: The submission rules; by default, every jar starts a job with the name "submitted".
        fields: Other fields of `ClusterSpec`.
    """

    def __init__(
        self, *jobs: JobSpec, flink: str = "2.3", submissions: Sequence[SubmissionRule] = (), **fields: Any
    ) -> None:
        cluster_spec = ClusterSpec(jobs=jobs, submissions=tuple(submissions) or every_jar_runs(), **fields)
        self.engine = Engine(cluster_spec, flink=flink, clock="virtual")
        self.cluster = self.engine.cluster
        self.in_process = InProcessClient(self.engine)

    def __enter__(self) -> HandlerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.close()

    def call(self, operation_id: str, query: dict[str, Any] | None = None, body: dict[str, Any] | None = None,
            files: Sequence[UploadedFile] = (), **path: Any) -> Any:  # fmt: skip
        """Call an operation, and return the JSON of the response, or its bytes if it is a file.

        Args:
            operation_id: The id of the operation.
            query: The query parameters.
            body: The JSON of the request body.
            files: The uploaded files.
            path: The path parameters.

        Raises:
            ClusterError: The cluster rejects the request.
        """
        operation = self.engine.contract.operation(operation_id)
        target = "/".join(
            quote(str(path[segment.removeprefix(":")]), safe="") if segment.startswith(":") else segment
            for segment in operation.segments
        )
        texts = {
            name: ",".join(map(_text, value if isinstance(value, list) else [value]))
            for name, value in (query or {}).items()
        }
        return self.in_process.json(operation.method, f"/{target}?{urlencode(texts)}", body, files)

    def upload(self, path: Path) -> str:
        """Upload a jar and return its id."""
        response = self.call("uploadJar", files=[UploadedFile(path.name, path)])
        return str(response["filename"]).rpartition("/")[2]

    def advance(self, duration: int | str) -> None:
        """Advance the clock by a duration: a number of ms, or a text such as "5s"."""
        self.engine.advance(duration)


def make_jar(folder: Path, name: str = "orders.jar", manifest: str = "Main-Class: org.example.Orders") -> Path:
    """Create a jar with a manifest and no classes; return its path."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\n{manifest}\n")
    return path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
