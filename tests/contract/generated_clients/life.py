"""Runs a job, takes its savepoint and cancels it with the client of openapi-python-client: python life.py URL JAR."""

import sys
import time
from pathlib import Path

from client import Client
from client.api.checkpoints import get_checkpointing_statistics, get_savepoint_status, trigger_savepoint
from client.api.cluster import get_dashboard_configuration
from client.api.jars import delete_jar, submit_job_from_jar, upload_jar
from client.api.jobs import cancel_job, get_job_details, get_job_exceptions, get_job_execution_result
from client.api.metrics import get_job_metrics
from client.api.vertices import get_job_vertex_details
from client.models import JarRunRequestBodyRequest, SavepointTriggerRequestBodyRequest, UploadJarBody
from client.models.cancel_job_mode import CancelJobMode
from client.types import File

url, jar = sys.argv[1:]
flink = Client(base_url=url, timeout=60, raise_on_unexpected_status=True)


def wait_for(event, has_happened):
    for _ in range(600):
        if has_happened():
            return
        time.sleep(0.1)
    raise SystemExit(f"{event} took too long")


print("version", get_dashboard_configuration.sync(client=flink).flink_version)
with open(jar, "rb") as file:
    part = File(payload=file, file_name="life.jar", mime_type="application/x-java-archive")
    uploaded = upload_jar.sync(client=flink, body=UploadJarBody(jarfile=part))
jar_id = Path(uploaded.filename).name
body = JarRunRequestBodyRequest(program_args_list=["--par", "1"])
job = submit_job_from_jar.sync(jar_id, client=flink, body=body, parallelism=1).jobid


def vertices():
    return get_job_details.sync(job, client=flink).vertices


wait_for("the start", lambda: all(vertex.status.value == "RUNNING" for vertex in vertices()))
for vertex in vertices():
    assert get_job_vertex_details.sync(job, vertex.id, client=flink).subtasks
names = [metric.id for metric in get_job_metrics.sync(job, client=flink)]
assert [metric.id for metric in get_job_metrics.sync(job, client=flink, get=names[:2])] == names[:2]
body = SavepointTriggerRequestBodyRequest(target_directory="file:///tmp/life")
trigger = trigger_savepoint.sync(job, client=flink, body=body).request_id


def savepoint():
    return get_savepoint_status.sync(job, trigger, client=flink)


wait_for("the savepoint", lambda: savepoint().status.id.value == "COMPLETED")
assert savepoint().operation.location.startswith("file:/tmp/life")
assert get_checkpointing_statistics.sync(job, client=flink).counts.completed >= 1
assert get_job_exceptions.sync(job, client=flink).exception_history.entries == []
cancel_job.sync(job, client=flink, mode=CancelJobMode.CANCEL)
wait_for("the end", lambda: get_job_details.sync(job, client=flink).state.value == "CANCELED")
print("result", get_job_execution_result.sync(job, client=flink).job_execution_result.application_status.value)
delete_jar.sync(jar_id, client=flink)
