"""The texts of Flink's error messages.

Most texts are in the recordings (suites, mostly `errors` and `jars`, and situations). The others come from Flink's
source or were seen on a real cluster.
The code that uses a text, and `rest/release_quirks.py`, decide which releases have it.
"""

from __future__ import annotations

from collections.abc import Sequence

# Errors of routing and static files. The responses have neither an exception class nor a stack trace.
BAD_REQUEST_PATH = "/bad-request"
"""The request target that Netty sets if it can't parse the request line."""
FORBIDDEN = "Forbidden."
NOT_FOUND = "Not found."


def not_found(raw_target: str) -> str:
    return f"Not found: {raw_target}"


def unable_to_load(path: str) -> str:
    return f"Unable to load requested file {path}."


FILE_NOT_FOUND = "File not found."
"""The text for directories, with status 405."""
RESPONDING_FAILED = "Error while responding to the http request."
"""The response to an If-Modified-Since that is not a date (2.3.0)."""


def pipeline_error(cause: str) -> str:
    """Return the message for an exception in the handlers of Netty's pipeline, before the request is routed."""
    return f"Internal server error: {cause}"


def unterminated_escape(index: int, text: str) -> str:
    return f"unterminated escape sequence at index {index} of: {text}"


def invalid_hex_byte(byte: str, index: int, text: str) -> str:
    return f"invalid hex byte '{byte}' at index {index} of '{text}'"


# Errors of uploads, mostly sent before the request is routed. Then the responses have no exception class.
UPLOAD_FAILED = "File upload failed."
UPLOAD_NOT_ALLOWED = "File upload not allowed"
"""Sent since 1.19, before the request is routed."""
UPLOADS_NOT_ALLOWED = "File uploads not allowed."
"""Sent until 1.18 by the handler of the operation, with an exception class."""
POST_NOT_ALLOWED = "POST request not allowed"
NO_BOUNDARY_VALUE = (
    'Cannot invoke "org.apache.flink.shaded.netty4.io.netty.handler.codec.http.multipart.HttpPostRequestDecoder'
    '.getBodyHttpDatas()" because "this.currentHttpPostRequestDecoder" is null'
)


def unknown_attribute(name: str) -> str:
    return f"Received unknown attribute {name}."


# Errors of bodies and parameters.
NO_BODY = "Bad request received. Request did not conform to expected format."


def unexpected_format(class_name: str) -> str:
    return f"Request did not match expected format {class_name}."


def unresolved_parameter(kind: str, name: str, value: str) -> str:
    """Return the message for an invalid parameter; `kind` is "path" or "query"."""
    return f'Cannot resolve {kind} parameter ({name}) from value "{value}".'


def bad_parameters(cause: str) -> str:
    return f"Bad request, could not parse parameters: {cause}"


def only_one_value(values: Sequence[str]) -> str:
    return f"Expected only one value [{', '.join(values)}]."


# Errors of the cluster.
INTERNAL_ERROR = "Internal server error."
NO_LEADER = "Service temporarily unavailable due to an ongoing leader election. Please refresh."
"""The text of LeaderRetrievalHandler, which a cluster also sends while it shuts down."""
JOB_COULD_NOT_BE_FOUND = "Job could not be found."
APPLICATION_COULD_NOT_BE_FOUND = "Application could not be found."
CANCELLATION_TIMED_OUT = "Job cancellation timed out."
STOP_MODE_REMOVED = (
    'The termination mode "stop" has been removed. For an ungraceful shutdown, please use "cancel" instead. '
    'For a graceful shutdown, please use "jobs/:jobId/stop" instead.'
)
RESCALING_DISABLED = "Rescaling is temporarily disabled. See FLINK-12312."
NO_TRANSFER = "Could not transfer file to client."
NO_SUCH_JOB_MANAGER_LOG = "This file does not exist in JobManager log dir."
COULD_NOT_EXECUTE = "Could not execute application."
NOT_RECOVERABLE = "The failure is not recoverable"


def job_not_found(job_id: str) -> str:
    return f"Job {job_id} not found"


def could_not_find_job(job_id: str) -> str:
    return f"Could not find Flink job ({job_id})"


def could_not_find_application(application_id: str) -> str:
    return f"Could not find Flink application ({application_id})"


JOB_IS_INITIALIZING = (
    "Unable to get JobMasterGateway for initializing job. "
    "The requested operation is not available while the JobManager is initializing."
)
"""The text of Dispatcher.getJobMasterGateway (`situations: initializing: …`)."""


def vertex_not_found(vertex_id: str) -> str:
    return f"JobVertex {vertex_id} not found"


def vertex_id_not_found(vertex_id: str) -> str:
    return f"JobVertexID not found {vertex_id}"


def no_vertex(vertex_id: str) -> str:
    return f"No vertex with ID '{vertex_id}' exists."


def parallelism_too_high(vertex: str, parallelism: int, maximum: int) -> str:
    return (
        f"Vertex {vertex}'s parallelism ({parallelism}) is higher than the max parallelism ({maximum}). Please lower "
        "the parallelism or increase the max parallelism."
    )


def invalid_subtask(vertex_id: str) -> str:
    return f"Invalid subtask index for vertex {vertex_id}"


def invalid_attempt(attempt: int) -> str:
    return f"Invalid attempt num {attempt}"


def no_operation(kind: str, trigger_id: str, job_id: str | None) -> str:
    """Return the message for an unknown trigger id; `kind` is "savepoint" or "checkpoint"."""
    return f"There is no {kind} operation with triggerId={trigger_id} for job {job_id}."


def no_operation_under_key(key: str) -> str:
    return f"Operation not found under key: {key}"


def no_ongoing_operation(key: str) -> str:
    return f"No ongoing operation for {key}"


def no_taskmanager(taskmanager_id: str) -> str:
    return f"No TaskExecutor registered under {taskmanager_id}."


def could_not_find_taskmanager(taskmanager_id: str) -> str:
    return f"Could not find TaskExecutor {taskmanager_id}"


def no_transfer_from_unknown(taskmanager_id: str) -> str:
    return f"Failed to transfer file from TaskExecutor {taskmanager_id} because it was unknown."


def no_transfer_from(taskmanager_id: str) -> str:
    return f"Failed to transfer file from TaskExecutor {taskmanager_id}."


def no_file_on_taskmanager(name: str) -> str:
    return f"The file {name} does not exist on the TaskExecutor."


def file_not_uploaded(name: str) -> str:
    return f"Could not upload file {name}."


def can_not_find(name: str) -> str:
    return f"Can not find file {name}."


def is_a_directory(name: str) -> str:
    return f"{name} (Is a directory)"


def no_jar(upload_dir: str, jar_id: str) -> str:
    return f"Jar file {upload_dir}/{jar_id} does not exist"


def no_requirement(vertex_id: str) -> str:
    return f"No requirement set for vertex {vertex_id}"


def coordinator_handles_no_requests(operator: str) -> str:
    return f"Coordinator of operator {operator} cannot handle client event"


def no_coordinator(operator: str) -> str:
    return (
        f"Coordinator of operator {operator} does not exist or the job vertex this operator belongs to is not "
        "initialized."
    )


def jar_not_opened(path: str) -> str:
    return f"Error while opening jar file '{path}'"


def failed_to_delete_jar(path: str) -> str:
    return f"Failed to delete jar {path}."


def no_jar_to_delete(upload_dir: str, jar_id: str) -> str:
    return f"File {jar_id} does not exist in {upload_dir}."


def cannot_cancel_ended_job(state: str) -> str:
    return f"Job cancellation failed because the job has already reached another terminal state ({state})."


def cancellation_failed(reason: str | None) -> str:
    return f"Job cancellation failed: {reason}"


def not_adaptive(job_id: str) -> str:
    return f"AdaptiveScheduler is not enabled for this job ({job_id})."


def no_rescales(job_id: str) -> str:
    return (
        f"The job `{job_id}` has not enabled the `Adaptive` scheduler, or it has been enabled but the value of "
        "configuration option `web.adaptive-scheduler.rescale-history.size` has not been set to greater than `0`."
    )


def no_rescale(rescale_id: str) -> str:
    return f"Could not find rescale details of specified rescaleUuid {rescale_id}."


def no_rescale_details(job_id: str) -> str:
    return f"AdaptiveScheduler rescales was not enabled for job {job_id}."


# Responses of faults. Flink never sends 504, but reverse proxies do. The page is from nginx.
GATEWAY_TIMEOUT_PAGE = (
    b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n"
    b"<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
RPC_TIMED_OUT = (
    "Invocation of [RemoteRpcInvocation(RestfulGateway.requestMultipleJobDetails(Duration))] at recipient "
    "[pekko.tcp://flink@localhost:6123/user/rpc/dispatcher_0] timed out. This is usually caused by: 1) Pekko failed "
    "sending the message silently, due to problems like oversized payload or serialization failures. In that case, "
    "you should find detailed error information in the logs. 2) The recipient needs more time for responding, due to "
    "problems like slow machines or network jitters. In that case, you can try to increase pekko.ask.timeout."
)
"""The text of PekkoInvocationHandler (1.18 to 2.3), which is not recorded."""


# Errors about slots, parallelism and TaskManagers.
NO_RESOURCES = "Could not acquire the minimum required resources."
SLOT_REQUEST_TIMEOUT = (
    "Slot request bulk is not fulfillable! Could not allocate the required slot within slot request timeout"
)


def slot_timeout_occurred(timeout: str) -> str:
    return f"Timeout has occurred: {timeout}"


TASK_EXECUTOR_SHUTS_DOWN = "The TaskExecutor is shutting down."
REACTIVE_MODE = "Cannot change the parallelism of a job running in reactive mode."
NO_REQUIREMENTS = "Request body does not specify resource requirements."


def taskmanager_unreachable(taskmanager_id: str) -> str:
    return f"TaskManager with id {taskmanager_id} is no longer reachable."


def vertex_not_in_job_graph(vertex_id: str) -> str:
    return f"Job vertex [{vertex_id}] was not found in the JobGraph."


def bounds_not_positive(vertex_id: str, lower: int, upper: int) -> str:
    return (
        f"Both, the requested lower bound [{lower}] and upper bound [{upper}] for job vertex [{vertex_id}] must be "
        "greater than zero."
    )


def lower_bound_too_high(vertex_id: str, lower: int, upper: int) -> str:
    return f"The requested lower bound [{lower}] for job vertex [{vertex_id}] is higher than the upper bound [{upper}]."


def not_a_streaming_job(job_id: str) -> str:
    return f"Job {job_id} is not a streaming job."


def not_rescalable(scheduler: str) -> str:
    return (
        f"The {scheduler} does not support changing the parallelism without a job restart. "
        "This feature is currently only expected to work with the AdaptiveScheduler."
    )


def above_max_parallelism(vertex_id: str, parallelism: int, maximum: int) -> str:
    return (
        f"The newly requested parallelism {parallelism} for the job vertex {vertex_id} exceeds its maximum parallelism "
        f"{maximum}."
    )


def missing_requirements(vertex_id: str) -> str:
    return f"The request is incomplete, missing job vertex [{vertex_id}] resource requirements."


# Errors of back pressure, client coordination and the profiler.
NO_VALUE = "No value present"
"""The message of NoSuchElementException for an empty Optional."""
NO_COORDINATION_REQUEST = (
    'Cannot invoke "org.apache.flink.util.SerializedValue.deserializeValue(java.lang.ClassLoader)" because '
    '"serializedRequest" is null'
)
"""The text of Java 17. Java 11 has no text."""


def invalid_stream_header(header: bytes) -> str:
    return f"invalid stream header: {header.hex().upper()}"


def invalid_profiling_duration(max_seconds: int) -> str:
    return f"`duration` must be set between (0s, {max_seconds}s]."


def still_profiling(process: str) -> str:
    return f"{process} is still under profiling."
