from __future__ import annotations

from livekit_plugins_azure_interpreter.web import Refusal


def test_a_refusal_has_words_for_people_and_a_code_for_programs() -> None:
    refusal = Refusal("Wait a moment", code="too_many_requests", status=429, retry_seconds=0.2)
    assert str(refusal) == refusal.message == "Wait a moment"
    assert (refusal.code, refusal.status, refusal.retry_seconds) == ("too_many_requests", 429, 0.2)
    assert Refusal("No", code="no").status == 403
