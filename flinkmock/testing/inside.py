"""An engine asked without HTTP, for everything that is about the model and not about the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote

from flinkmock.contract import Operation
from flinkmock.engine import Engine
from flinkmock.rest.handlers import HANDLERS, FileContent, RestCall, UploadedFile
from flinkmock.rest.handlers.unmodelled import unmodelled
from flinkmock.rest.parameters import path_values, query_values
from flinkmock.rest.router import Router

URL = "http://127.0.0.1:8081"


class NotRegistered(Exception):
    """The cluster's configuration leaves that operation out, or no release ever had it."""


class Inside:
    """Understands targets ("/jobs/overview?a=b") as the server does, and hands them to the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._router = Router(engine.contract, engine.cluster.configuration.values)

    def ask(
        self, method: str, target: str, body: Mapping[str, Any] | None = None, files: Sequence[UploadedFile] = ()
    ) -> Any:
        """The answer's JSON, or a FileContent. Raises NotRegistered, Problem, BadParameter."""
        operation, path, query = self._read(method, target)
        answer = self.engine.handle(operation, path=path, query=query, body=body or {}, files=files, base_url=URL)
        return answer if isinstance(answer, FileContent) else json.loads(answer)

    def facts(
        self, method: str, target: str, body: Mapping[str, Any] | None = None, files: Sequence[UploadedFile] = ()
    ) -> Any:
        """What the answer is made of. Raises as `ask`."""
        operation, path, query = self._read(method, target)
        now = self.engine.clock.on_request()
        self.engine.cluster.run_due_events(now)
        return HANDLERS.get(operation.id, unmodelled)(
            RestCall(operation, self.engine.cluster, now, path, query, body or {}, files, URL)
        )

    def _read(self, method: str, target: str) -> tuple[Operation, dict[str, Any], dict[str, list[Any]]]:
        path, _, query = target.partition("?")
        route = self._router.route(method, unquote(path))
        if route is None:
            raise NotRegistered(f"{method} {target} is not registered")
        given = parse_qs(query, keep_blank_values=True)
        return route.operation, path_values(route.operation, route.path), query_values(route.operation, given)
