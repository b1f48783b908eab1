from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from fakes.record import MEETING, utterance
from fakes.webhook_receiver import SECRET
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from livekit_plugins_azure_interpreter.record import Corrected, Ended, Joined, Started, Utterance
from livekit_plugins_azure_interpreter.record.webhook_messages import (
    Message,
    Signer,
    ended,
    event_of,
    said,
    started,
)

STARTED = Started(id="run/1", meeting=MEETING, at=1000.0, number=1, room="standup")
SAID = utterance(1, number=2)
ENDED = Ended(id="run/2", meeting=MEETING, at=1010.0, number=4)


def corrected(text: str) -> Corrected:
    return Corrected(
        id=f"c-{text}", meeting=MEETING, at=1003.0, number=3, utterance=SAID.id, language="fr", text=text
    )


def data(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(message.body)["data"]
    return found


def test_a_signature_is_that_of_standard_webhooks() -> None:
    message = said(SAID, [])
    headers = dict(Signer.of([SECRET]).headers(message, time.time()))
    assert Webhook(SECRET).verify(message.body, headers) == json.loads(message.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(message.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(message.body, {**headers, "webhook-id": "msg_other"})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(message.body, {**headers, "webhook-timestamp": str(int(time.time()) - 1)})


def test_a_signature_of_two_secrets_is_accepted_with_each() -> None:
    other = "whsec_" + base64.b64encode(b"k" * 64).decode()
    headers = dict(Signer.of([SECRET, other]).headers(said(SAID, []), time.time()))
    for secret in (SECRET, other):
        Webhook(secret).verify(said(SAID, []).body, headers)


@pytest.mark.parametrize(
    "secret",
    ["", "sesame", SECRET.removeprefix("whsec_"), "whsec_sesame!", "whsec_c2VzYW1l", "whsec_" + "c2Vz" * 30],
)
def test_a_secret_of_another_form_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="secret must be 'whsec_'") as raised:
        Signer.of([secret])
    assert not secret or secret.removeprefix("whsec_") not in str(raised.value)


def test_a_secret_is_needed() -> None:
    with pytest.raises(ValueError, match="secret is empty"):
        Signer.of([])


def test_a_signer_shows_no_key() -> None:
    assert "sesame" not in repr(Signer([b"sesame"]))


def test_the_events_are_the_start_the_utterances_and_the_end() -> None:
    assert [event_of(entry) for entry in (STARTED, SAID, corrected(""), ENDED)] == [
        "meeting.started",
        "meeting.utterance",
        None,
        "meeting.ended",
    ]


def test_an_id_is_the_same_each_time_and_another_for_each_entry() -> None:
    ids = [said(utterance(number, number=number), []).id for number in (1, 1, 2)]
    ids += [said(utterance(1, meeting="RM_two"), []).id, started(STARTED).id]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert all(one.startswith("msg_") and "." not in one for one in ids)


def test_an_id_is_ascii_for_any_meeting() -> None:
    assert said(utterance(1, meeting="réunion.\ud800\r\n"), []).id.isascii()


def test_a_start_says_the_room_and_whether_the_meeting_had_an_interpreter_before() -> None:
    assert json.loads(started(STARTED).body) == {
        "type": "meeting.started",
        "timestamp": "1970-01-01T00:16:40.000+00:00",
        "data": {
            "id": "run/1",
            "meeting": MEETING,
            "at": 1000.0,
            "person": "",
            "room": "standup",
            "number": 1,
            "resumed": False,
        },
    }
    assert data(started(replace(STARTED, number=7)))["resumed"] is True


def test_an_utterance_has_its_corrected_translations() -> None:
    other = replace(corrected("another"), utterance="utterance-2")
    found = data(said(SAID, [corrected("bon"), other, Joined(id="j", meeting=MEETING, at=1.0)]))
    assert (found["text"], found["translations"]) == ("sentence 1", {"fr": "bon"})
    assert (found["name"], found["person"], found["number"]) == ("Alice", "alice", 2)


def test_an_utterance_with_half_a_letter_can_be_sent() -> None:
    assert json.loads(said(utterance(text="\ud83d"), []).body)["data"]["text"] == "\ud83d"


def test_an_end_has_the_record() -> None:
    found = data(ended(ENDED, [STARTED, SAID, corrected("bon"), ENDED], 10_000))
    assert found["record"]["room"] == "standup"
    assert found["record"]["utterances"][0]["translations"] == {"fr": "bon"}


def test_an_end_leaves_out_a_record_that_is_too_long() -> None:
    found = data(ended(ENDED, [STARTED, SAID, ENDED], 100))
    assert found["record"] is None
    assert found["record_bytes"] > 100


def test_an_utterance_is_what_the_record_has() -> None:
    assert isinstance(SAID, Utterance)
    assert data(said(SAID, []))["started_at"] == SAID.started_at
