from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter.web import Refusal
from livekit_plugins_azure_interpreter.web.join_request import JoinRequest


def test_an_empty_request_asks_for_nothing_special() -> None:
    assert JoinRequest.read({}) == JoinRequest()


def test_the_fields_of_livekits_clients_are_read() -> None:
    body = {
        "room_name": "meeting",
        "participant_identity": "guest-1",
        "participant_name": "Zoe",
        "participant_attributes": {"language": "fr", "voice": "own"},
    }
    assert JoinRequest.read(body) == JoinRequest(
        "meeting", "guest-1", "Zoe", {"language": "fr", "voice": "own"}
    )


def test_an_empty_field_counts_as_not_given() -> None:
    fields = ("room_name", "participant_identity", "participant_name", "participant_metadata")
    body: dict[str, Any] = {**dict.fromkeys(fields, ""), "participant_attributes": None, "room_config": {}}
    assert JoinRequest.read({**body, "participant_attributes": {"language": ""}}) == JoinRequest()


def test_a_field_that_livekit_adds_later_is_left_out() -> None:
    assert JoinRequest.read({"new_field": 1}) == JoinRequest()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "malformed"),
        ("text", "malformed"),
        (None, "malformed"),
        ({"participant_attributes": []}, "malformed"),
        ({"participant_metadata": "{}"}, "participant_metadata_refused"),
        ({"room_config": {"agents": [{"agent_name": "mine"}]}}, "room_config_refused"),
        ({"participant_attributes": {"interpreter": "ready"}}, "attribute_refused"),
        ({"participant_attributes": {"lk.publish_on_behalf": "alice"}}, "attribute_refused"),
        ({"participant_attributes": {"Language": "fr"}}, "attribute_refused"),
        ({"participant_attributes": {"language": 1}}, "attribute_refused"),
        ({"participant_attributes": {"language": "f" * 81}}, "attribute_refused"),
        ({"participant_attributes": {"\ud800": "x"}}, "attribute_refused"),
        ({"participant_name": "x" * 81}, "name_refused"),
        ({"participant_identity": {}}, "identity_refused"),
        ({"room_name": "a\nb"}, "room_refused"),
    ],
)
def test_a_field_that_only_the_server_decides_is_refused(body: object, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        JoinRequest.read(body)
    assert refused.value.code == code
    refused.value.message.encode()  # it can be sent
