from __future__ import annotations

from typing import Any

import pytest

from livekit_plugins_azure_interpreter._recognition.active_connection import ActiveConnection
from livekit_plugins_azure_interpreter._sdk.events import Phrase
from livekit_plugins_azure_interpreter.credentials import Credentials
from livekit_plugins_azure_interpreter.options import Options

_CREDENTIALS = Credentials(endpoint="ws://localhost", key="any")
_FRENCH, _GERMAN = (Options(credentials=_CREDENTIALS, target_languages=(target,)) for target in ("fr", "de"))


@pytest.mark.parametrize(
    ("begins", "ends", "options"),
    [(0.5, 1.0, _FRENCH), (1.5, 2.5, _GERMAN), (2.5, 3.0, _GERMAN), (-3.0, -2.0, _FRENCH)],
    ids=["before a change", "over it", "after it", "out of place"],
)
def test_a_phrase_has_the_options_that_hold_where_it_ends(
    begins: float, ends: float, options: Options
) -> None:
    connection: Any = object()
    active = ActiveConnection(connection, [(10.0, _FRENCH), (12.0, _GERMAN)], 0.0)
    assert active.options_of(Phrase(begins, ends - begins, "Hello")) is options
    assert (active.start_seconds, active.options) == (10.0, _GERMAN)
