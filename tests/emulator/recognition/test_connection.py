from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from fakes.limits import within
from pytest_mock import MockerFixture

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Tap, Voice, faults
from livekit_plugins_azure_interpreter.emulator.transport.sockets import reset
from livekit_plugins_azure_interpreter.emulator.transport.wire import Message
from livekit_plugins_azure_interpreter.emulator.watching.happenings import Disconnected, Happening, Unserved

pytestmark = pytest.mark.native

_SLOW = Line("slow", voices={"fr": Voice(bytes(320_000))})
_SCRIPT = (Line("one"), Line("two"))
_BREATH_SECONDS = 0.05
_HEARD_SECONDS = 1.9
"""Where in the audio the end of an utterance is heard: its answer is still to come."""


def _faulty(*what: faults.Fault, **more: Any) -> Behaviour:
    return Behaviour(script=_SCRIPT, interim_interval_ms=None, faults=what, **more)


async def _hears_nothing(client: Any) -> None:
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.socket.receive(), _BREATH_SECONDS)


class TestAge:
    async def test_a_connection_is_closed_when_it_is_old(self, start: Any, connect: Any) -> None:
        client = await connect((await start(Behaviour(connection_seconds=0.05))).endpoint)
        assert await client.closed() == 1000

    async def test_an_old_connection_is_closed_amid_an_utterance(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(Behaviour(script=[_SLOW], voice_speed=1.0, connection_seconds=0.2))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        assert (await client.closed(), emulator.spoken) == (1000, [])

    async def test_one_that_was_closed_before_is_left_alone(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(connection_seconds=0.05))
        await (await connect(emulator.endpoint)).socket.close()
        await asyncio.sleep(0.1)
        assert emulator.connections == 1

    async def test_a_client_may_ask_for_a_shorter_life(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(connection_seconds=600.0))
        client = await connect(f"{emulator.endpoint}?maxConnectionDurationSecs=1")
        assert await client.closed() == 1000

    async def test_a_client_cannot_ask_for_a_longer_life(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(connection_seconds=0.05))
        client = await connect(f"{emulator.endpoint}?maxConnectionDurationSecs=600")
        assert await client.closed() == 1000


class TestClientThatLeaves:
    async def test_nothing_is_spoken_to_it(
        self, start: Any, connect: Any, audio: Any, eventually: Any
    ) -> None:
        emulator = await start(Behaviour(script=[_SLOW], voice_speed=1.0))
        before = len(asyncio.all_tasks())
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio")
        await client.socket.close()
        await eventually(lambda: len(asyncio.all_tasks()) <= before)
        assert emulator.spoken == []

    async def test_a_voice_of_an_earlier_turn_is_not_left_behind(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        behaviour = Behaviour(script=[_SLOW] * 3, voice_speed=1.0, utterances_per_turn=1)
        emulator = await start(behaviour)
        client = await connect(emulator.endpoint)
        for number, request_id in enumerate(("r1", "r2", "r3")):
            await client.open_turn(request_id, offset=str(number * 25_000_000))
            await client.say(audio.utterance(number), request_id)
            await client.until_final()
        before = len(asyncio.all_tasks())
        await client.socket.close()
        await emulator.aclose()
        assert len(asyncio.all_tasks()) < before
        assert emulator.spoken == []


class TestLanguages:
    async def test_languages_change_while_a_turn_is_under_way(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.text("event", {"name": "updateLanguage", "to": ["fr", "de"]})
        await client.say(audio.utterance())
        assert [each["Language"] for each in (await client.until_final())["Translations"]] == ["fr", "de"]

    async def test_a_change_before_any_turn_does_nothing(self, start: Any, connect: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.text("event", {"name": "updateLanguage", "to": 1})
        await client.open_turn()
        await client.until("turn.start")

    async def test_a_malformed_list_of_languages_closes_the_connection(
        self, start: Any, connect: Any
    ) -> None:
        client = await connect((await start()).endpoint)
        await client.open_turn()
        await client.text("event", {"name": "updateLanguage", "to": 1})
        assert await client.closed() == 1007


class TestSeveralVoices:
    """A service that refuses voices in several languages."""

    def _voices(self, *languages: str) -> dict[str, Any]:
        return {"defaultVoices": dict.fromkeys(languages, "personal-voice")}

    def _context(self, *languages: str) -> dict[str, Any]:
        translation = {"targetLanguages": ["fr", "de"], "onSuccess": {"action": "Synthesize"}}
        return {"translation": translation, "synthesis": self._voices(*languages)}

    async def test_a_context_that_wants_them_is_refused_with_a_reason(
        self, start: Any, connect: Any, eventually: Any
    ) -> None:
        happened: list[Happening] = []
        emulator = await start(Behaviour(several_voices="refused"), watchers=[happened.append])
        client = await connect(emulator.endpoint)
        await client.text("speech.context", self._context("fr", "de"))
        assert await client.closed() == 1007
        await eventually(lambda: isinstance(happened[-1], Disconnected))
        assert happened[-1] == Disconnected(
            connection=1, code=1007, reason="Voices in several languages are not supported (fr, de)."
        )

    async def test_a_change_that_adds_one_is_refused(self, start: Any, connect: Any) -> None:
        client = await connect((await start(Behaviour(several_voices="refused"))).endpoint)
        await client.text("speech.context", self._context("fr"))
        change = {"name": "updateLanguage", "to": ["fr", "de"], "synthesis": self._voices("fr", "de")}
        await client.text("event", change)
        assert await client.closed() == 1007

    async def test_one_voice_and_a_change_of_the_texts_are_served(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(Behaviour(several_voices="refused"))).endpoint)
        await client.text("speech.context", self._context("de"))
        change = {"name": "updateLanguage", "to": ["de", "fr", "it"], "synthesis": self._voices("de")}
        await client.text("event", change)
        await client.say(audio.riff() + audio.utterance())
        final = await client.until_final()
        assert [each["Language"] for each in final["Translations"]] == ["de", "fr", "it"]
        assert (await client.until("audio.start")).json() == {"TranslationLanguage": "de"}


class TestAudioBeforeAnyTurn:
    async def test_audio_before_any_turn_is_not_heard(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start()).endpoint)
        await client.say(audio.utterance())
        await client.whole_turn(audio.silence(0.1))
        assert client.paths == ["turn.start", "speech.endDetected", "turn.end"]


class TestGarbage:
    async def test_garbage_is_a_frame_that_is_no_message(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(_faulty(faults.GarbageFrame()))).endpoint)
        await client.whole_turn(audio.utterance())
        assert len(client.of("garbage")) == 1


class TestReset:
    async def test_a_connection_that_is_gone_is_left_alone(self, mocker: MockerFixture) -> None:
        transport = mocker.Mock(spec=asyncio.Transport)
        transport.is_closing.return_value = True
        reset(transport)
        reset(None)
        transport.abort.assert_not_called()


class _Recording(Tap):
    def __init__(self) -> None:
        self.paths: list[str] = []

    def received(self, message: Message) -> None:
        self.paths.append(f"> {message.path}")

    def sending(self, message: Message) -> Message:
        self.paths.append(f"< {message.path}")
        return Message("other", message.headers, message.body) if message.path == "turn.end" else message


class _Disorder(Tap):
    """Holds back what begins a turn, until it ends; says that speech ended twice."""

    def __init__(self) -> None:
        self._held: list[Message] = []

    def sending(self, message: Message) -> list[Message]:
        if message.path == "turn.start":
            self._held.append(message)
            return []
        return [message, *self._held] if message.path == "turn.end" else [message, message]


class TestTap:
    @pytest.fixture
    async def tapped(self, connect: Any, audio: Any) -> tuple[_Recording, Any]:
        tap = _Recording()
        async with Emulator(tap=tap) as emulator:
            client = await connect(emulator.endpoint)
            await client.open_turn()
            await client.audio(b"")
            await client.until("other")
        return tap, client

    async def test_it_sees_every_message(self, tapped: tuple[_Recording, Any]) -> None:
        assert tapped[0].paths == [
            "> speech.config",
            "> speech.context",
            "< turn.start",
            "> audio",
            "> audio",
            "< speech.endDetected",
            "< turn.end",
        ]

    async def test_its_answer_is_sent(self, tapped: tuple[_Recording, Any]) -> None:
        assert tapped[1].paths == ["turn.start", "speech.endDetected", "other"]

    async def test_it_may_return_several_messages_or_none(self, connect: Any) -> None:
        async with Emulator(tap=_Disorder()) as emulator:
            client = await connect(emulator.endpoint)
            await client.open_turn()
            await client.audio(b"")
            await client.until("turn.start")
        assert client.paths == ["speech.endDetected", "speech.endDetected", "turn.end", "turn.start"]


class TestDrop:
    @pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1012, 1013, 4000, 4429])
    async def test_the_connection_is_closed_with_the_code(
        self, start: Any, connect: Any, audio: Any, code: int
    ) -> None:
        client = await connect((await start(_faulty(faults.Drop(1.0, code=code)))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        assert await client.closed() == code

    async def test_a_drop_without_a_code_resets_the_connection(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(_faulty(faults.Drop(1.0)))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        assert await client.closed() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    async def test_an_utterance_before_the_drop_gets_its_answer(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(_faulty(faults.Drop(3.0, code=1011)))).endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.until("audio.end")
        await client.say(audio.silence(1.0))
        assert await client.closed() == 1011

    async def test_nothing_more_is_said_or_counted(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Drop(_HEARD_SECONDS, code=1000)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await client.closed()
        again = await connect(emulator.endpoint)
        await again.whole_turn(audio.utterance(), offset="0")
        assert [spoken.text for spoken in emulator.spoken] == ["one"]

    async def test_the_position_goes_on_over_the_connections_of_a_session(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_faulty(faults.Drop(6.0, code=1000)))
        client = await connect(emulator.endpoint)
        await client.open_turn(offset="50000000")
        await client.say(audio.silence(1.0))
        assert await client.closed() == 1000

    async def test_it_can_happen_at_the_very_beginning(self, start: Any, connect: Any) -> None:
        client = await connect((await start(_faulty(faults.Drop(0.0, code=1000)))).endpoint)
        await client.open_turn()
        assert await client.closed() == 1000

    async def test_it_happens_so_many_times(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Drop(1.0, code=1000, times=2)))
        for _ in range(2):
            client = await connect(emulator.endpoint)
            await client.open_turn()
            await client.say(audio.silence(1.0))
            assert await client.closed() == 1000
        client = await connect(emulator.endpoint)
        await client.whole_turn(audio.silence(1.0))


class TestErrorStatus:
    async def test_the_client_is_told(self, start: Any, connect: Any, audio: Any) -> None:
        fault = faults.ErrorStatus(1.0, "TooManyRequests")
        client = await connect((await start(_faulty(fault))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        assert (await client.until_final())["SpeechPhrase"]["RecognitionStatus"] == "TooManyRequests"

    async def test_it_acknowledges_nothing(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(_faulty(faults.ErrorStatus(1.0)))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        frame = await client.until("translation.response")
        assert not any(name.startswith("X-Continuation") for name in frame.headers)

    async def test_a_client_that_only_wants_words_is_told_in_its_way(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(_faulty(faults.ErrorStatus(1.0)))).endpoint)
        await client.open_turn(targets=None)
        await client.say(audio.silence(1.0))
        assert (await client.until("speech.phrase")).json()["RecognitionStatus"] == "Error"

    async def test_the_turn_is_over(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(_faulty(faults.ErrorStatus(1.0)))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0) + audio.utterance())
        await client.open_turn("r2")
        await client.until("turn.start")
        assert not client.of("audio")


class TestMute:
    async def test_nothing_is_said_any_more_but_all_is_read(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(_faulty(faults.Mute(1.0)))).endpoint)
        await client.open_turn()
        await client.until("turn.start")
        await client.say(audio.silence(1.0))
        for _ in range(200):
            await client.say(audio.utterance())  # 16 MB: more than fits into the buffers on the way
        await client.open_turn("r2")
        await _hears_nothing(client)

    async def test_another_connection_is_answered(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.Mute(1.0)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await (await connect(emulator.endpoint)).whole_turn(audio.silence(1.0))

    async def test_a_voice_that_nobody_hears_was_not_spoken(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_faulty(faults.Mute(_HEARD_SECONDS)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.utterance())
        await (await connect(emulator.endpoint)).whole_turn(audio.utterance(), offset="0")
        assert [spoken.text for spoken in emulator.spoken] == ["one"]


class TestBlackHole:
    async def test_the_socket_fills(self, start: Any, connect: Any, audio: Any) -> None:
        client = await connect((await start(_faulty(faults.BlackHole(1.0)))).endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))

        async def fill() -> None:
            while True:
                await client.audio(bytes(1_000_000))

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(fill(), 0.5)

    async def test_the_emulator_closes_all_the_same(self, start: Any, connect: Any, audio: Any) -> None:
        emulator = await start(_faulty(faults.BlackHole(1.0)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        await client.until("turn.start")
        await within(emulator.aclose())


class TestAway:
    async def test_it_is_told_to_the_server_and_ends_the_connection(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        emulator = await start(_faulty(faults.Away(1.0, 0.05)))
        client = await connect(emulator.endpoint)
        await client.open_turn()
        await client.say(audio.silence(1.0))
        assert await client.closed() == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


class TestRefuseTurn:
    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (1007, "Quota exceeded. Cid: "),
            (4429, "the request is throttled because you have exceeded the concurrent request limit"),
            (1012, "Instance is shutting down"),
            (1011, "Internal server error"),
        ],
    )
    async def test_a_turn_is_refused_with_a_code_and_a_reason(
        self, start: Any, connect: Any, code: int, reason: str
    ) -> None:
        client = await connect((await start(_faulty(faults.RefuseTurn(code=code, reason=reason)))).endpoint)
        await client.open_turn()
        close = await client.socket.receive()
        assert (close.data, close.extra) == (code, reason)

    async def test_the_second_turn_is_refused_while_the_first_is_heard(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start(_faulty(faults.RefuseTurn(2)))).endpoint)
        await client.whole_turn(audio.utterance())
        await client.open_turn("r2")
        assert await client.closed() == 1007


class TestWhatCannotBeServed:
    async def test_a_request_for_it_is_refused_with_a_reason(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        client = await connect((await start()).endpoint)
        wanted = {"phraseDetection": {"enrichment": {"pronunciationAssessment": {}}}}
        await client.text("speech.context", wanted)
        close = await client.socket.receive()
        assert close.data == 1007
        assert "pronunciation assessment" in close.extra

    async def test_unknown_parts_and_messages_are_told_and_answered(self, connect: Any, audio: Any) -> None:
        told: list[Happening] = []
        async with Emulator(watchers=[told.append]) as emulator:
            client = await connect(emulator.endpoint)
            await client.text("novel.message", {"secret": "s"})
            await client.text("speech.context", {"novelty": {"secret": "s"}, "translation": {"style": "x"}})
            await client.until("turn.start")
        names = [happening.what for happening in told if isinstance(happening, Unserved)]
        assert names == ["novel.message", "novelty", "translation.style"]


class TestStreamId:
    async def test_audio_is_heard_on_any_stream_of_the_client(
        self, start: Any, connect: Any, audio: Any
    ) -> None:
        """The SDK counts its streams over the turns of a connection."""
        client = await connect((await start(_faulty())).endpoint)
        for number, request_id in enumerate(("r1", "r2"), 1):
            await client.open_turn(request_id)
            for frame in audio.frames(audio.utterance()):
                await client.audio(frame, request_id, stream_id=str(number))
            await client.audio(b"", request_id)
            await client.until("turn.end")
        texts = [frame.json()["SpeechPhrase"]["DisplayText"] for frame in client.of("translation.response")]
        assert texts == ["one", "two"]


class TestCommits:
    async def _answered(self, client: Any) -> Any:
        """Commit while nothing is said. Returns the token in the answer; None: there is no answer."""
        await client.open_turn()
        await client.text("audio.commit", {}, X_Client_Commit_Token="7")
        await client.audio(b"")
        await client.until("turn.end")
        finals = [frame for frame in client.received if frame.is_final]
        return [frame.json()["SpeechPhrase"]["clientAudioMetadata"] for frame in finals]

    async def test_commits_are_ignored_unless_the_address_asks_for_answers(
        self, start: Any, connect: Any
    ) -> None:
        emulator = await start()
        assert await self._answered(await connect(emulator.endpoint)) == []
        asking = await connect(f"{emulator.endpoint}?setfeature=forcecommit", session_id="session-2")
        assert await self._answered(asking) == [{"X-Client-Commit-Token": "7"}]

    async def test_commits_can_be_answered_always(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(commits="answered"))
        assert await self._answered(await connect(emulator.endpoint)) == [{"X-Client-Commit-Token": "7"}]

    async def test_commits_can_be_ignored_always(self, start: Any, connect: Any) -> None:
        emulator = await start(Behaviour(commits="ignored"))
        assert await self._answered(await connect(f"{emulator.endpoint}?setfeature=forcecommit")) == []

    async def test_commits_can_be_refused(self, start: Any, connect: Any) -> None:
        client = await connect((await start(Behaviour(commits="refused"))).endpoint)
        await client.open_turn()
        await client.until("turn.start")
        await client.text("audio.commit", {})
        close = await client.socket.receive()
        assert (close.data, close.extra) == (1007, "audio.commit is not supported.")

    async def test_a_commit_before_any_turn_is_dropped(self, start: Any, connect: Any) -> None:
        client = await connect((await start(Behaviour(commits="answered"))).endpoint)
        await client.text("audio.commit", {})
        await client.open_turn()
        await client.until("turn.start")
