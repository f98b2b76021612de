from flinkmock.contract import Contract
from flinkmock.rest.rendering import ResponseRenderer, coverage

CONTRACT = Contract.load("2.3")


def cover(operation_id, payload):
    return coverage(ResponseRenderer(CONTRACT), CONTRACT.operation(operation_id), payload)


def test_an_empty_payload_is_filled_with_placeholders():
    modelled, unmodelled = cover("getJobStatusInfo", None)
    assert (modelled, unmodelled) == (frozenset(), {"/status"})


def test_missing_fields_are_filled_with_placeholders():
    jobs = [{"id": "0" * 32, "status": "RUNNING"}, {"id": "1" * 32}]
    modelled, unmodelled = cover("getJobIdsWithStatusesOverview", {"jobs": jobs, "unknown": 1})
    assert modelled == {"/jobs/*/id"}
    assert unmodelled == {"/jobs/*/status"}


def test_keys_that_may_be_absent_are_neither():
    modelled, unmodelled = cover("getClusterOverview", {"taskmanagers": 1})
    assert modelled == {"/taskmanagers"}
    assert "/slots-total" in unmodelled
    assert "/taskmanagers-blocked" not in modelled | unmodelled


def test_an_empty_list_and_null_are_facts():
    assert cover("getJobIdsWithStatusesOverview", {"jobs": []}) == ({"/jobs"}, frozenset())
    modelled, unmodelled = cover("getSavepointStatus", {"status": {"id": "IN_PROGRESS"}, "operation": None})
    assert (modelled, unmodelled) == ({"/status/id", "/operation"}, frozenset())
    assert cover("getSavepointStatus", {"status": {"id": "IN_PROGRESS"}})[1] == {"/operation"}


def test_every_operation_can_be_covered():
    renderer = ResponseRenderer(CONTRACT)
    for operation in CONTRACT:
        if not operation.returns_file:
            body = renderer.body(operation, None)
            _, unmodelled = coverage(renderer, operation, None)
            assert bool(unmodelled) == bool(body), operation
            if body:
                assert coverage(renderer, operation, body)[1] == frozenset(), operation
