"""Rendered bodies satisfy the contract of each operation, whichever fields the payload lacks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.contract import Contract, known_releases
from flinkmock.rest.rendering import ResponseRenderer, encode
from tests.contract.test_recordings import recorded_successes

OPERATIONS = [
    (release, operation.id)
    for release in known_releases()
    for operation in Contract.load(release)
    if not operation.returns_file
]
"""The release and the id of each operation with a JSON response."""


@pytest.mark.parametrize("release", known_releases())
def test_an_empty_payload_is_rendered_as_a_valid_body(release):
    contract = Contract.load(release)
    renderer = ResponseRenderer(contract, seed=1)
    for operation in contract:
        if not operation.returns_file:
            body = json.loads(encode(renderer.body(operation, {}, "key")))
            assert contract.check_response(operation, body) == [], operation


@given(st.sampled_from(OPERATIONS), st.integers(min_value=0), st.text())
def test_any_seed_and_key_give_a_valid_and_reproducible_body(release_and_operation, seed, key):
    release, operation_id = release_and_operation
    contract = Contract.load(release)
    operation = contract.operation(operation_id)
    body = ResponseRenderer(contract, seed).body(operation, {}, key)
    assert contract.check_response(operation, json.loads(encode(body))) == []
    assert body == ResponseRenderer(contract, seed).body(operation, {}, key)


@pytest.mark.parametrize("version", ["2.3.0", "1.20.5", "1.12.5"])
def test_recorded_bodies_are_rendered_unchanged(version):
    renderer = ResponseRenderer(Contract.load(version))
    for name, operation, response in recorded_successes(version):
        body = renderer.body(operation, response)
        assert body == response, name
        assert encode(body) == encode(response), name  # the order of keys, and 4.0 not 4


@given(st.data())
def test_removed_fields_of_a_body_are_filled_with_placeholders(data):
    release, operation_id = data.draw(st.sampled_from(OPERATIONS))
    contract = Contract.load(release)
    operation = contract.operation(operation_id)
    renderer = ResponseRenderer(contract, seed=3)
    body = renderer.body(operation, None, "key")
    if isinstance(body, dict) and body:
        names = data.draw(st.sets(st.sampled_from(sorted(body))))
        refilled = renderer.body(operation, {name: body[name] for name in body if name in names}, "key")
        assert contract.check_response(operation, json.loads(encode(refilled))) == []
