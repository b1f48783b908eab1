from __future__ import annotations

import re
from typing import Any

import pytest

from livekit_plugins_azure_interpreter import session_options
from livekit_plugins_azure_interpreter._options.session_option_names import check_option_names


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"vda": 1}, "AgentSession has no option 'vda'; the nearest is 'vad'"),
        ({"turn_handling": {"endpoint": {}}}, "turn_handling has no option 'endpoint'; the nearest is 'end"),
        (
            {"turn_handling": {"endpointing": {"min_dely": 0.1}}},
            "endpointing has no option 'min_dely'; the nearest is 'min_delay'",
        ),
        (
            {"turn_handling": {"interruption": {"enable": True}}},
            "interruption has no option 'enable'; the nearest is 'enabled'",
        ),
    ],
)
def test_an_option_that_livekit_does_not_know_is_refused_with_the_nearest(
    given: dict[str, Any], told: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(told)):
        check_option_names(given)
    with pytest.raises(TypeError, match=re.escape(told)):
        session_options(**given)


def test_the_options_of_livekit_pass() -> None:
    check_option_names(session_options(user_away_timeout=None, vad={"any": "thing"}))
    check_option_names({"turn_handling": None})
