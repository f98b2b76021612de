"""`ResponseRenderer.json`, which uses compiled writers, gives the same bytes or error as `ResponseRenderer.body`."""

import copy
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flinkmock.contract import Contract
from flinkmock.rest.rendering import RenderingError, ResponseRenderer, encode
from flinkmock.strategies.values import values_of
from tests.contract.test_recordings import recorded_successes
from tests.rest.rendering.test_every_operation import OPERATIONS

PLACEHOLDER_KEY = "job 1"
"""The identity of the resource; placeholders depend on it."""
ODD_VALUES = [None, True, 0, 1, -1, 10**15, 0.5, 1e-5, 1e9, math.nan, math.inf, "", "\x1b", '"\\', "\ud800", [], {}, ()]


def rendered(renderer, operation, payload):
    try:
        return encode(renderer.body(operation, payload, PLACEHOLDER_KEY))
    except (RenderingError, AttributeError) as error:
        return type(error)


def written(renderer, operation, payload):
    try:
        return renderer.json(operation, payload, PLACEHOLDER_KEY)
    except (RenderingError, AttributeError) as error:
        return type(error)


@given(st.data(), st.sampled_from(OPERATIONS))
def test_any_body_of_any_operation_is_written_as_it_is_rendered(data, release_and_operation):
    release, operation_id = release_and_operation
    contract = Contract.load(release)
    operation, renderer = contract.operation(operation_id), ResponseRenderer(contract)
    payload = data.draw(values_of(release).of(operation.response))
    assert written(renderer, operation, payload) == rendered(renderer, operation, payload)


@given(st.data(), st.sampled_from(OPERATIONS))
def test_a_payload_with_an_odd_or_a_missing_value_is_written_as_it_is_rendered(data, release_and_operation):
    release, operation_id = release_and_operation
    contract = Contract.load(release)
    operation, renderer = contract.operation(operation_id), ResponseRenderer(contract)
    payload = copy.deepcopy(data.draw(values_of(release).of(operation.response)))
    objects_and_keys = [(json_object, key) for json_object in all_objects(payload) for key in json_object]
    if objects_and_keys:
        changed, key = data.draw(st.sampled_from(objects_and_keys))
        if data.draw(st.booleans()):
            del changed[key]
        else:
            # the renderer rejects booleans and ints in each other's place; handlers never confuse the two
            odd = [value for value in ODD_VALUES if isinstance(value, bool) == isinstance(changed[key], bool)]
            changed[key] = data.draw(st.sampled_from(odd))
    assert written(renderer, operation, payload) == rendered(renderer, operation, payload)


@pytest.mark.parametrize("version", ["2.3.0", "1.20.5", "1.12.5"])
def test_recorded_bodies_are_written_without_the_renderer(version):
    renderer = ResponseRenderer(Contract.load(version))
    for name, operation, response in recorded_successes(version):
        assert renderer.text(operation, response).encode("utf-8", errors="replace") == encode(response), name


def all_objects(value):
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from all_objects(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from all_objects(child)
