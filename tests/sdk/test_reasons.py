"""Redaction of the reasons that the service gives."""

from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter._sdk.reasons import redact


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("", ""),
        ("Quota exceeded. Cid: ", "Quota exceeded. Cid:"),
        ("Language 'xx-YY' and \"fr-FR-DeniseNeural\" are unknown", None),
        ("at wss://host/path?key=SECRET it failed", "at ... it failed"),
        (f"key {'0123abcd' * 4} is wrong", "key ... is wrong"),
        ("cannot say 'good morning', nor \"Bob\"", "cannot say ..., nor ..."),
        ("two\n lines", "two lines"),
        ("word " * 50, "word " * 24 + "..."),
    ],
)
def test_a_possible_secret_or_transcript_is_left_out(reason: str, kept: str | None) -> None:
    assert redact(reason) == (reason if kept is None else kept)
