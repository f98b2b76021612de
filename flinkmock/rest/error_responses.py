"""Error responses: a status and `{"errors":[...]}` in one of Flink's three forms.

See docs/flink-behaviour.md#error-bodies.

- `plain_error`: one short message, for errors before a handler is found, for log files and files of the dashboard, and
  while there is no leader;
- `rest_error`: one message, the stack trace of a RestHandlerException or a subclass of it;
- `internal_error`: "Internal server error." and the stack trace of an unexpected exception.

`error_mapping.py` chooses the form for each error of the cluster.
"""

from __future__ import annotations

from flinkmock.flink import java_classes, messages
from flinkmock.flink.java_exception import JavaException, stack_trace
from flinkmock.flink.stack_frames import REST_HANDLER_FRAMES
from flinkmock.rest.response import Response, error_response


class RestRequestRejected(Exception):
    """The REST API rejects a request with `response`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        self.response = response


def plain_error(status: int, text: str, *, has_cors_header: bool = True, closes_connection: bool = False) -> Response:
    """Return a response with one message. The keyword arguments are attributes of `Response`."""
    return error_response(status, text, has_cors_header=has_cors_header, closes_connection=closes_connection)


def rest_error(
    status: int, text: str, cause: JavaException | None = None, java_class: str = java_classes.REST_HANDLER_EXCEPTION
) -> Response:
    """Return a response with one message, the stack trace of `java_class`, by default a RestHandlerException."""
    return error_response(status, _trace(JavaException(java_class, text, cause)))


def internal_error(exception: JavaException) -> Response:
    """Return a response with status 500 and two messages."""
    trace = f"<Exception on server side:\n{_trace(exception)}\nEnd of exception on server side>"
    return error_response(500, messages.INTERNAL_ERROR, trace)


def _trace(exception: JavaException) -> str:
    return stack_trace(exception, REST_HANDLER_FRAMES, cause_frames=(), common_frame_count=len(REST_HANDLER_FRAMES))
