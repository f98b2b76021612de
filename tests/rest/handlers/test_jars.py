"""Jars: valid and invalid requests. The exact responses are in the recordings (suite jars)."""

from __future__ import annotations

import dataclasses
import zipfile

import pytest

from flinkmock.cluster.errors import ApplicationNotFound, BadRequest, InvalidUpload, JarNotFound, ProgramError
from flinkmock.cluster.spec import ProgramSpec
from flinkmock.flink.java_exception import JavaException
from flinkmock.rest.handlers import UploadedFile
from tests.cluster.cluster_factory import job
from tests.rest.handlers.handler_client import JOB_ID, URL, HandlerClient, every_jar_runs, make_jar

THROWS = ProgramSpec(throws=JavaException("java.lang.IllegalStateException", "Intentional failure in main"))
READS_ARGUMENTS = ProgramSpec(arguments={"--name": ("name",), "--par": ("parallelism",)}, arguments_in_user_config=True)


def exception_classes(error: Exception) -> list[str]:
    return [part.java_class.rpartition(".")[2] for part in error.exception.chain()]


def test_a_jar_is_listed_planned_run_and_deleted(tmp_path):
    with HandlerClient() as client:
        jar_id = client.upload(make_jar(tmp_path))
        jars = client.call("getJarList")
        assert jars["address"] == URL
        assert jars["files"][0]["id"] == jar_id
        assert jars["files"][0]["entry"] == [{"name": "org.example.Orders", "description": None}]
        plan = client.call("generatePlanFromJarGet", jarid=jar_id)["plan"]
        assert [node["description"] for node in plan["nodes"]] == [
            "Sink: print<br/>",
            "count<br/>+- every-500th<br/>",
            "Source: numbers<br/>",
        ]
        started = client.call("submitJobFromJar", jarid=jar_id)
        assert started["jobid"] == started["applicationId"] != plan["jid"]
        assert client.cluster.job(started["jobid"]).name == "submitted"
        assert client.call("deleteJar", jarid=jar_id) == {}
        with pytest.raises(JarNotFound):
            client.call("generatePlanFromJar", jarid=jar_id)


@pytest.mark.parametrize(("names", "text"), [
    ((), "Exactly 1 file must be sent, received 0."),
    (("a.jar", "b.jar"), "Exactly 1 file must be sent, received 2."),
    (("UP.JAR",), "Only Jar files are allowed."),
])  # fmt: skip
def test_invalid_uploads_are_rejected(tmp_path, names, text):
    files = [UploadedFile(name, make_jar(tmp_path, name)) for name in names]
    with HandlerClient() as client, pytest.raises(InvalidUpload) as raised:
        client.call("uploadJar", files=files)
    assert raised.value.message == text


def test_each_plan_has_a_new_id_unless_the_request_has_one(tmp_path):
    with HandlerClient() as client:
        jar_id = client.upload(make_jar(tmp_path))
        ids = {client.call("generatePlanFromJar", jarid=jar_id)["plan"]["jid"] for _ in range(3)}
        assert len(ids) == 3
        assert client.call("generatePlanFromJar", body={"jobId": JOB_ID}, jarid=jar_id)["plan"]["jid"] == JOB_ID


def test_the_body_overrides_the_query(tmp_path):
    with HandlerClient(submissions=every_jar_runs(job(program=READS_ARGUMENTS))) as client:
        jar_id = client.upload(make_jar(tmp_path))
        body = {"parallelism": 3, "programArgsList": ["--name", "from body"]}
        query = {"parallelism": 1, "programArg": ["--name", "from query"]}
        started = client.cluster.job(client.call("submitJobFromJar", query, body, jarid=jar_id)["jobid"])
        assert started.name == "from body"
        assert started.spec.parallelism == 3
        assert started.spec.user_config == {"name": "from body"}


@pytest.mark.parametrize(("release", "name"), [("1.12", "old style"), ("1.20", "old style"), ("2.0", "orders")])
def test_arguments_in_one_string_are_ignored_since_2_0(tmp_path, release, name):
    with HandlerClient(submissions=every_jar_runs(job(program=READS_ARGUMENTS)), flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path))
        body = {"programArgs": "--par 1 --name 'old style'"}
        started = client.call("submitJobFromJar", body=body, jarid=jar_id)
        assert client.cluster.job(started["jobid"]).name == name


def test_arguments_in_both_forms_are_rejected(tmp_path):
    with HandlerClient(flink="1.20") as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(BadRequest, match="Confusing request"):
            client.call("submitJobFromJar", {"program-args": "--a 1"}, {"programArgsList": ["--a", "2"]}, jarid=jar_id)


@pytest.mark.parametrize(("release", "chain"), [
    ("2.3", ["CompletionException", "ProgramInvocationException"]),
    ("1.16", ["ProgramInvocationException"]),
])  # fmt: skip
def test_a_jar_without_an_entry_class_is_rejected(tmp_path, release, chain):
    with HandlerClient(flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path, manifest="Created-By: me"))
        with pytest.raises(ProgramError) as planned:
            client.call("generatePlanFromJar", jarid=jar_id)
        assert exception_classes(planned.value) == chain
        with pytest.raises(ProgramError) as run:
            client.call("submitJobFromJar", jarid=jar_id)
        assert exception_classes(run.value) == ["CompletionException", "ProgramInvocationException"]
        assert not planned.value.is_bad_request and not run.value.is_bad_request
        assert not client.cluster.jobs


def test_a_main_method_that_throws_is_a_500_for_a_plan_and_a_400_for_a_run(tmp_path):
    with HandlerClient(submissions=every_jar_runs(job(program=THROWS))) as client:
        jar_id = client.upload(make_jar(tmp_path))
        for operation, is_bad_request in (("generatePlanFromJar", False), ("submitJobFromJar", True)):
            with pytest.raises(ProgramError) as raised:
                client.call(operation, jarid=jar_id)
            assert raised.value.is_bad_request is is_bad_request
            assert exception_classes(raised.value) == ["ProgramInvocationException", "IllegalStateException"]


@pytest.mark.parametrize(("release", "has_hint"), [("1.18", False), ("1.19", True)])
def test_a_main_method_that_starts_no_job_has_no_plan(tmp_path, release, has_hint):
    with HandlerClient(submissions=every_jar_runs(job(program=ProgramSpec(executes=False))), flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(ProgramError) as raised:
            client.call("generatePlanFromJar", jarid=jar_id)
        text = raised.value.exception.message
        assert text.startswith("The program plan could not be fetched - the program aborted pre-maturely.")
        assert ("The root cause may be that" in text) is has_hint
        assert f"Classpath: [file:{client.cluster.jars.shown_folder}/{jar_id}]" in text


def test_the_standard_output_of_a_main_method_is_shown(tmp_path):
    """A run prints the text to the JobManager's output; the error message for a plan contains the text.

    As recorded with noexecute.jar on 2.3.0, 1.20.5 and 1.12.5.
    """
    spec = job(program=ProgramSpec(executes=False, prints="nothing to do"))
    with HandlerClient(submissions=every_jar_runs(spec)) as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(ProgramError, match=r"System\.out: nothing to do\n"):
            client.call("generatePlanFromJar", jarid=jar_id)
        assert client.call("getJobManagerStdoutFile") == b""
        with pytest.raises(ProgramError, match=r"No jobs included in application\."):
            client.call("submitJobFromJar", jarid=jar_id)
        client.call("submitApplicationFromJar", jarid=jar_id)
        assert client.call("getJobManagerStdoutFile") == b"nothing to do\n" * 2


@pytest.mark.parametrize(("release", "printed"), [
    ("1.16", b"nothing to do\nnothing to do\n"),
    ("1.18", b"nothing to do\n"),
    ("1.20", b"nothing to do\n2026-01-01T"),
    ("2.3", b"nothing to do\n"),
])  # fmt: skip
def test_since_1_17_a_plan_with_an_invalid_parallelism_silences_later_main_methods(tmp_path, release, printed):
    """In 2.3.0 and 1.20.5, but not in 1.12.5, such a plan leaves System.out redirected, so later runs print nothing.

    1.20.5 then prints a message about a closed class loader.
    """
    spec = job(program=ProgramSpec(executes=False, prints="nothing to do"))
    with HandlerClient(submissions=every_jar_runs(spec), flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path))
        for _ in range(2):
            with pytest.raises(ProgramError):
                client.call("submitJobFromJar", jarid=jar_id)
            with pytest.raises(ProgramError):
                client.call("generatePlanFromJar", body={"parallelism": 0}, jarid=jar_id)
        output = client.call("getJobManagerStdoutFile")
        assert output == printed or (release == "1.20" and output.startswith(printed))


def test_numbers_in_arguments_are_parsed_as_in_java(tmp_path):
    """Observed on 2.3.0, 1.20.5 and 1.12.5: `Integer.parseInt("1 ")` fails."""
    with HandlerClient(submissions=every_jar_runs(job(program=READS_ARGUMENTS))) as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(ProgramError) as raised:
            client.call("generatePlanFromJar", {"programArg": ["--par", "1 "]}, jarid=jar_id)
        assert exception_classes(raised.value) == ["ProgramInvocationException", "NumberFormatException"]
        assert not raised.value.is_bad_request


@pytest.mark.parametrize("interval", ["0", "-5"])
def test_an_argument_that_is_not_positive_turns_periodic_checkpoints_off(tmp_path, interval):
    program = ProgramSpec(arguments={"--interval": ("checkpoints.every",)})
    with HandlerClient(submissions=every_jar_runs(job(program=program))) as client:
        jar_id = client.upload(make_jar(tmp_path))
        client.call("submitJobFromJar", {}, {"programArgsList": ["--interval", interval]}, jarid=jar_id)
        [started] = client.cluster.jobs.values()
        assert started.spec.checkpoints.every is None


def test_a_jdk_class_as_entry_class_has_no_main_method(tmp_path):
    """Observed on 2.3.0, 1.20.5 and 1.12.5: the class loader of a jar finds the classes of its parent."""
    path = make_jar(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("org/example/Orders.class", b"")
    with HandlerClient() as client:
        jar_id = client.upload(path)
        no_class = "The program's entry point class 'java.lang.Strings' was not found"
        no_main = "The given program class does not have a main(String[]) method."
        for name, text in (("java.lang.String", no_main), ("java.lang.Strings", no_class)):
            with pytest.raises(ProgramError) as raised:
                client.call("submitJobFromJar", {"entry-class": name}, jarid=jar_id)
            assert exception_classes(raised.value)[:2] == ["CompletionException", "ProgramInvocationException"]
            assert raised.value.exception.cause.message.startswith(text)


@pytest.mark.parametrize(("release", "is_accepted"), [("1.16", True), ("1.17", False)])
def test_a_plan_with_an_invalid_parallelism_is_rejected_since_1_17(tmp_path, release, is_accepted):
    with HandlerClient(flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path))
        if is_accepted:
            assert client.call("generatePlanFromJar", {"parallelism": 0}, jarid=jar_id)["plan"]["nodes"]
        else:
            with pytest.raises(ProgramError) as raised:
                client.call("generatePlanFromJar", {"parallelism": 0}, jarid=jar_id)
            assert exception_classes(raised.value) == ["IllegalArgumentException"]
        with pytest.raises(ProgramError):
            client.call("submitJobFromJar", {"parallelism": 0}, jarid=jar_id)
        # -2 is ExecutionConfig.PARALLELISM_UNKNOWN, which ExecutionConfig accepts (jars: run parallelism -2 in query)
        assert client.call("submitJobFromJar", {"parallelism": -2}, jarid=jar_id)["jobid"]


@pytest.mark.parametrize(("release", "planned_parallelism"), [("1.12", 2), ("1.17", -1), ("2.3", -1)])
def test_a_parallelism_of_minus_one_is_planned_as_recorded(tmp_path, release, planned_parallelism):
    """1.12.5 plans with `parallelism.default`, 1.20.5 and 2.3.0 with -1; the JobMaster replaces -1 with 1."""
    with HandlerClient(flink=release, configuration={"parallelism.default": "2"}) as client:
        jar_id = client.upload(make_jar(tmp_path))
        nodes = client.call("generatePlanFromJar", {"parallelism": -1}, jarid=jar_id)["plan"]["nodes"]
        assert {node["parallelism"] for node in nodes} == {planned_parallelism}
        jobid = client.call("submitJobFromJar", {"parallelism": -1}, jarid=jar_id)["jobid"]
        assert client.call("getJobConfig", jobid=jobid)["execution-config"]["job-parallelism"] == -1
        details = client.call("getJobDetails", jobid=jobid)
        assert {node["parallelism"] for node in details["plan"]["nodes"]} == {-1}
        assert {vertex["parallelism"] for vertex in details["vertices"]} == {1}


@pytest.mark.parametrize(("release", "last_class"), [
    ("2.3", "DuplicateApplicationSubmissionException"),
    ("2.2", "DuplicateJobSubmissionException"),
    ("1.12", "DuplicateJobSubmissionException"),
])  # fmt: skip
def test_a_job_id_in_use_is_rejected(tmp_path, release, last_class):
    with HandlerClient(flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path))
        client.call("submitJobFromJar", body={"jobId": JOB_ID}, jarid=jar_id)
        first = client.cluster.job(JOB_ID)
        with pytest.raises(ProgramError) as raised:
            client.call("submitJobFromJar", body={"jobId": JOB_ID}, jarid=jar_id)
        assert exception_classes(raised.value) == ["ProgramInvocationException", "FlinkException", last_class]
        assert client.cluster.job(JOB_ID) is first


def test_in_1_12_the_id_of_an_ended_job_is_accepted(tmp_path):
    with HandlerClient(flink="1.12") as client:
        jar_id = client.upload(make_jar(tmp_path))
        client.call("submitJobFromJar", body={"jobId": JOB_ID}, jarid=jar_id)
        client.call("cancelJob", {"mode": "cancel"}, jobid=JOB_ID)
        client.advance("10s")
        assert client.call("submitJobFromJar", body={"jobId": JOB_ID}, jarid=jar_id) == {"jobid": JOB_ID}


@pytest.mark.parametrize(("release", "exception_count"), [("2.3", 7), ("1.12", 5)])
def test_a_missing_savepoint_leaves_a_failed_job(tmp_path, release, exception_count):
    with HandlerClient(flink=release) as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(ProgramError) as raised:
            client.call("submitJobFromJar", body={"savepointPath": "file:///no/such"}, jarid=jar_id)
        chain = exception_classes(raised.value)
        assert len(chain) == exception_count
        assert chain[-1] == "FileNotFoundException"
        assert [entry["status"] for entry in client.call("getJobIdsWithStatusesOverview")["jobs"]] == ["FAILED"]


def test_a_job_starts_from_a_savepoint(tmp_path):
    with HandlerClient(job(id=JOB_ID)) as client:
        client.advance("2s")
        trigger_id = client.call("triggerSavepoint", body={}, jobid=JOB_ID)["request-id"]
        client.advance("1s")
        path = client.call("getSavepointStatus", jobid=JOB_ID, triggerid=trigger_id)["operation"]["location"]
        jar_id = client.upload(make_jar(tmp_path))
        started = client.call("submitJobFromJar", {"savepointPath": path}, jarid=jar_id)
        assert client.cluster.job(started["jobid"]).checkpoints.restored[0].path == path


def test_an_application_has_a_job_with_another_id_and_can_be_cancelled(tmp_path):
    with HandlerClient() as client:
        jar_id = client.upload(make_jar(tmp_path))
        application_id = client.call("submitApplicationFromJar", jarid=jar_id)["applicationid"]
        details = client.call("getApplicationDetails", applicationid=application_id)
        assert details["name"] == "org.example.Orders"
        assert details["status"] == "RUNNING"
        assert details["jobs"][0]["jid"] != application_id
        applications = client.call("getApplicationsOverview")["applications"]
        assert [(application["id"], application["jobs"]) for application in applications] == [
            (application_id, {"RUNNING": 1})
        ]
        assert client.call("cancelApplication", applicationid=application_id) == {}
        assert client.call("getApplicationDetails", applicationid=application_id)["status"] == "CANCELING"
        client.advance("1s")
        assert client.call("getApplicationDetails", applicationid=application_id)["timestamps"]["CANCELED"] > 0
        with pytest.raises(ApplicationNotFound):
            client.call("cancelApplication", applicationid=application_id)


def test_an_application_whose_main_method_throws_fails(tmp_path):
    with HandlerClient(submissions=every_jar_runs(dataclasses.replace(job(), program=THROWS))) as client:
        jar_id = client.upload(make_jar(tmp_path))
        application_id = client.call("submitApplicationFromJar", jarid=jar_id)["applicationid"]
        assert client.call("getApplicationDetails", applicationid=application_id)["status"] == "FAILED"
        (entry,) = client.call("getApplicationExceptions", applicationid=application_id)["exceptionHistory"]["entries"]
        assert entry["exceptionName"].endswith("deployment.application.ApplicationExecutionException")
        assert not client.cluster.jobs


def test_the_frame_of_a_nested_main_class_names_the_file_of_the_outer_class(tmp_path):
    with HandlerClient(submissions=every_jar_runs(dataclasses.replace(job(), program=THROWS))) as client:
        jar_id = client.upload(make_jar(tmp_path, manifest="Main-Class: org.example.Outer$Inner"))
        application_id = client.call("submitApplicationFromJar", jarid=jar_id)["applicationid"]
        (entry,) = client.call("getApplicationExceptions", applicationid=application_id)["exceptionHistory"]["entries"]
        assert "at org.example.Outer$Inner.main(Outer.java)" in entry["stacktrace"]


def test_an_application_with_the_id_of_another_job_fails(tmp_path):
    """As in 2.3.0, the application fails without a job, and the other job continues."""
    with HandlerClient(job(id=JOB_ID)) as client:
        other = client.cluster.job(JOB_ID)
        jar_id = client.upload(make_jar(tmp_path))
        application_id = client.call("submitApplicationFromJar", body={"jobId": JOB_ID}, jarid=jar_id)["applicationid"]
        details = client.call("getApplicationDetails", applicationid=application_id)
        assert (details["status"], details["jobs"]) == ("FAILED", [])
        (entry,) = client.call("getApplicationExceptions", applicationid=application_id)["exceptionHistory"]["entries"]
        assert "DuplicateJobSubmissionException: Job has already been submitted." in entry["stacktrace"]
        assert client.cluster.job(JOB_ID) is other


def test_the_result_of_a_job_that_cannot_be_initialized_has_no_application_id(tmp_path):
    """As in 2.3.0, the application of the job shows no exception."""
    with HandlerClient() as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(ProgramError):
            client.call("submitJobFromJar", body={"jobId": JOB_ID, "savepointPath": "file:///no/such"}, jarid=jar_id)
        assert "application-id" not in client.call("getJobExecutionResult", jobid=JOB_ID)["job-execution-result"]
        assert client.call("getApplicationExceptions", applicationid=JOB_ID)["exceptionHistory"]["entries"] == []


def test_an_application_whose_main_method_starts_no_job_has_finished(tmp_path):
    with HandlerClient(
        submissions=every_jar_runs(dataclasses.replace(job(), program=ProgramSpec(executes=False)))
    ) as client:
        jar_id = client.upload(make_jar(tmp_path))
        application_id = client.call("submitApplicationFromJar", jarid=jar_id)["applicationid"]
        assert client.call("getApplicationDetails", applicationid=application_id)["status"] == "FINISHED"
        response = client.call("getApplicationExceptions", applicationid=application_id)
        assert response["exceptionHistory"]["entries"] == []
        assert not client.cluster.jobs


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("execution.checkpointing.interval", "x"),
        ("execution.checkpointing.timeout", "-1"),
        ("pipeline.max-parallelism", "1.5"),
        ("parallelism.default", "many"),
    ],
)
def test_options_that_cannot_be_parsed_are_rejected(tmp_path, option, value):
    with HandlerClient(submissions=every_jar_runs(job())) as client:
        jar_id = client.upload(make_jar(tmp_path))
        for operation in ("generatePlanFromJar", "submitJobFromJar"):
            with pytest.raises(ProgramError) as raised:
                client.call(operation, body={"flinkConfiguration": {option: value}}, jarid=jar_id)
            assert f"Could not parse value '{value}' for key '{option}'." in str(raised.value.exception)
        assert not client.cluster.jobs


@pytest.mark.parametrize("operation", ["generatePlanFromJar", "submitJobFromJar"])
def test_the_parallelism_is_checked_before_other_options(tmp_path, operation):
    """2.3.0 configures the ExecutionConfig before the CheckpointConfig."""
    body = {"parallelism": -5, "flinkConfiguration": {"execution.checkpointing.interval": "x"}}
    with HandlerClient() as client:
        jar_id = client.upload(make_jar(tmp_path))
        with pytest.raises(ProgramError) as raised:
            client.call(operation, body=body, jarid=jar_id)
        assert raised.value.exception.chain()[-1].message.startswith("Parallelism must be at least one")
