from __future__ import annotations

import logging

import pytest
from fakes.record import MEETING, utterance

from livekit_plugins_azure_interpreter.record.entries import Corrected, Joined
from livekit_plugins_azure_interpreter.record.redaction import WITHHELD, Redaction

_CORRECTED = Corrected(id="c", meeting=MEETING, at=0.0, utterance="u", language="fr", text="secret")


def _mask(text: str) -> str:
    return text.replace("secret", "***")


def test_each_text_is_redacted() -> None:
    said = utterance(text="a secret", translations={"fr": "un secret", "de": "nichts"})
    redacted, corrected = Redaction(_mask).apply([said, _CORRECTED])
    assert redacted == utterance(text="a ***", translations={"fr": "un ***", "de": "nichts"})
    assert isinstance(corrected, Corrected)
    assert corrected.text == "***"


def test_an_entry_without_texts_stays_as_it_is() -> None:
    joined = Joined(id="j", meeting=MEETING, at=0.0, person="bob", name="secret")
    assert Redaction(_mask).apply([joined]) == [joined]


def test_a_text_for_which_redact_fails_is_withheld_and_told_once_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def redact(text: str) -> str:
        raise LookupError(text)

    first, second = Redaction(redact).apply([utterance(1, text="secret"), utterance(2, text="secret")])
    assert (first, second) == tuple(
        utterance(number, text=WITHHELD, translations={"fr": WITHHELD}) for number in (1, 2)
    )
    (told,) = [record for record in caplog.records if record.name == "livekit.plugins.azure_interpreter"]
    assert told.levelno == logging.ERROR
    assert "LookupError" in told.getMessage()
    assert "secret" not in caplog.text


def test_a_withheld_entry_has_no_text() -> None:
    withheld = utterance(text=WITHHELD, translations={"fr": WITHHELD})
    assert Redaction(_mask).withhold([utterance()]) == [withheld]
