"""Without a collector, the workers trace nothing. tests/room/ has one."""

from __future__ import annotations

import pytest
from livekit.agents import telemetry
from resilience import traces

from livekit_plugins_azure_interpreter import STT


async def test_nothing_is_traced_without_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(traces.ENDPOINT, raising=False)
    before = telemetry.tracer._tracer_provider
    stt = STT(target_languages="fr", speech_key="a-key", speech_region="westeurope")
    flush = traces.start_traces(stt)
    await flush()
    assert telemetry.tracer._tracer_provider is before
    assert not stt._events.get("utterance_recognized")
