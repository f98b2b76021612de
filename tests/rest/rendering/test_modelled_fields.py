"""`modelled_fields` separates the fields that a payload provides from those with placeholders."""

from flinkmock.contract import Contract
from flinkmock.rest.rendering import ResponseRenderer, modelled_fields

CONTRACT = Contract.load("2.3")


def fields_of(operation_id, payload):
    return modelled_fields(ResponseRenderer(CONTRACT), CONTRACT.operation(operation_id), payload)


def test_an_empty_payload_is_filled_with_placeholders():
    modelled, placeholders = fields_of("getJobStatusInfo", None)
    assert (modelled, placeholders) == (frozenset(), {"/status"})


def test_missing_fields_are_filled_with_placeholders():
    jobs = [{"id": "0" * 32, "status": "RUNNING"}, {"id": "1" * 32}]
    modelled, placeholders = fields_of("getJobIdsWithStatusesOverview", {"jobs": jobs, "unknown": 1})
    assert modelled == {"/jobs/*/id"}
    assert placeholders == {"/jobs/*/status"}


def test_absent_optional_keys_are_neither_modelled_nor_placeholders():
    modelled, placeholders = fields_of("getClusterOverview", {"taskmanagers": 1})
    assert modelled == {"/taskmanagers"}
    assert "/slots-total" in placeholders
    assert "/taskmanagers-blocked" not in modelled | placeholders


def test_empty_lists_and_nulls_are_modelled():
    assert fields_of("getJobIdsWithStatusesOverview", {"jobs": []}) == ({"/jobs"}, frozenset())
    modelled, placeholders = fields_of("getSavepointStatus", {"status": {"id": "IN_PROGRESS"}, "operation": None})
    assert (modelled, placeholders) == ({"/status/id", "/operation"}, frozenset())
    assert fields_of("getSavepointStatus", {"status": {"id": "IN_PROGRESS"}})[1] == {"/operation"}


def test_placeholders_of_every_operation_are_found():
    renderer = ResponseRenderer(CONTRACT)
    for operation in CONTRACT:
        if not operation.returns_file:
            body = renderer.body(operation, None)
            _, placeholders = modelled_fields(renderer, operation, None)
            assert bool(placeholders) == bool(body), operation
            if body:
                assert modelled_fields(renderer, operation, body)[1] == frozenset(), operation
