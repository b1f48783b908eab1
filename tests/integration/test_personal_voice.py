"""PersonalVoiceTTS with the real SDK against the emulator: alone, and as the fallback of TTS."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.limits import LIMIT_SECONDS, LONG_LIMIT_SECONDS, within
from fakes.promises import takes_less_than, tries_again
from fakes.proxy import Proxy
from fakes.room import Speaker
from livekit.agents import (
    Agent,
    AgentSession,
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APIStatusError,
    APITimeoutError,
)
from livekit.agents.testing import fake_job_context
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.voice import io

from livekit_plugins_azure_interpreter import PersonalVoiceTTS
from livekit_plugins_azure_interpreter.emulator import (
    Behaviour,
    DropText,
    Emulator,
    MuteText,
    NoVoice,
    RefuseText,
    synthesize,
)

QUICK = APIConnectOptions(max_retry=3, retry_interval=0.01, timeout=4.0)
TEXT = "Tom & Jerry <both> say \"hello\", and it's fine. This is the second sentence, isn't it? Yes."

Open = Callable[..., Awaitable[tuple[PersonalVoiceTTS, Emulator]]]


@pytest.fixture
async def open_voice() -> AsyncIterator[Open]:
    """A TTS and the emulator that speaks for it; arguments are the TTS's."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(
            behaviour: Behaviour | None = None, **arguments: Any
        ) -> tuple[PersonalVoiceTTS, Emulator]:
            emulator = await stack.enter_async_context(Emulator(behaviour))
            whose = {} if "voice" in arguments else {"speaker_profile_id": "some-id"}
            where = {"speech_key": "any", "speech_endpoint": emulator.endpoint}
            voice = PersonalVoiceTTS(**{**where, **whose, **arguments})
            stack.push_async_callback(within, voice.aclose())
            return voice, emulator

        yield make


async def hear(
    voice: PersonalVoiceTTS, text: str = TEXT, options: APIConnectOptions = QUICK
) -> tuple[bytes, list[TimedString]]:
    async def listen() -> tuple[bytes, list[TimedString]]:
        pcm, words = b"", list[TimedString]()
        async with voice.stream(conn_options=options) as stream:
            stream.push_text(text)
            stream.end_input()
            async for audio in stream:
                assert audio.frame.sample_rate == voice.sample_rate
                pcm += bytes(audio.frame.data)
                words += audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
        return pcm, words

    return await within(listen())


def native_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


class TestSpeaking:
    @pytest.mark.parametrize("sample_rate", [16000, 24000, 48000])
    async def test_the_whole_text_is_heard_sample_for_sample(
        self, open_voice: Open, sample_rate: int
    ) -> None:
        voice, emulator = await open_voice(sample_rate=sample_rate)
        heard, _ = await hear(voice)
        assert [one.text for one in emulator.synthesized] == [TEXT]
        assert heard == synthesize(TEXT, 0.5, sample_rate).pcm

    async def test_nothing_in_the_text_is_markup_to_the_service(self, open_voice: Open) -> None:
        voice, emulator = await open_voice(language="fr-FR", rate=1.25, model="PhoenixLatestNeural")
        await hear(voice)
        (synthesized,) = emulator.synthesized
        assert synthesized.ssml == (
            '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
            'xmlns:mstts="http://www.w3.org/2001/mstts" xml:lang="en-US">'
            '<voice name="PhoenixLatestNeural"><mstts:ttsembedding speakerProfileId="some-id">'
            '<lang xml:lang="fr-FR"><prosody rate="+25%">'
            'Tom &amp; Jerry &lt;both&gt; say "hello", and it\'s fine. '
            "This is the second sentence, isn't it? Yes."
            "</prosody></lang></mstts:ttsembedding></voice></speak>"
        )

    async def test_spoken_words_are_timed(self, open_voice: Open) -> None:
        voice, _ = await open_voice()
        _, words = await hear(voice)
        assert "".join(words) == TEXT
        assert len(words) > 15
        starts = [float(word.start_time) for word in words]  # type: ignore[arg-type]
        assert starts == sorted(starts)
        assert (starts[0], words[-1].end_time) == (0.0, pytest.approx(0.5, abs=0.001))

    async def test_one_warm_connection_speaks_several_texts(self, open_voice: Open) -> None:
        voice, emulator = await open_voice(voice="fr-FR-DeniseNeural")
        voice.prewarm()
        for number in range(5):
            assert (await hear(voice, f"Text {number}."))[0] == synthesize(f"Text {number}.", 0.5, 24000).pcm
        assert emulator.synthesis_connections == 1

    async def test_two_at_once_do_not_wait_for_each_other(self, open_voice: Open, audio: Any) -> None:
        voice, emulator = await open_voice(Behaviour(voice_speed=1.0), sample_rate=16000)
        heard = await asyncio.gather(hear(voice, "One."), hear(voice, "Two."))
        for (pcm, _), text in zip(heard, ("One.", "Two."), strict=True):
            assert audio.same(pcm, synthesize(text, 0.5, 16000).pcm)
        assert emulator.synthesis_connections == 2

    async def test_the_first_frame_leaves_as_the_first_chunk_has_come(self, open_voice: Open) -> None:
        voice, emulator = await open_voice(Behaviour(voice_speed=1.0, synthesis_seconds=2.0))
        async with voice.stream(conn_options=QUICK) as stream:
            stream.push_text("Hello.")
            stream.end_input()
            await within(stream.__anext__())
            assert not emulator.synthesized

    async def test_a_delay_of_the_service_is_the_delay_of_the_voice(self, open_voice: Open) -> None:
        voice, _ = await open_voice(Behaviour(voice_delay_ms=300))
        began_at = time.monotonic()
        await hear(voice, "Hello.")
        assert 0.3 <= time.monotonic() - began_at < LIMIT_SECONDS

    async def test_a_personal_voice_connects_through_a_proxy(self, open_voice: Open, proxy: Proxy) -> None:
        voice, _ = await open_voice(proxy=f"http://me:secret@{proxy.address}")
        assert (await hear(voice, "Text."))[0] == synthesize("Text.", 0.5, 24000).pcm
        assert proxy.asked[0].startswith(b"CONNECT 127.0.0.1:")

    async def test_a_text_of_any_length_is_spoken_whole(self, open_voice: Open) -> None:
        text = "很好，我们走吧。" * 1_000
        voice, emulator = await open_voice(Behaviour(synthesis_seconds=0.05))
        _, words = await hear(voice, text)
        assert "".join(one.text for one in emulator.synthesized) == text == "".join(words)
        assert emulator.synthesis_connections == 1

    async def test_halves_of_characters_do_not_stop_it(self, open_voice: Open) -> None:
        voice, emulator = await open_voice()
        await hear(voice, "Hello \ud83d\ude00 you\ud83d.")
        assert [one.text for one in emulator.synthesized] == ["Hello 😀 you."]

    async def test_synthesize_speaks_too(self, open_voice: Open) -> None:
        voice, _ = await open_voice()
        frame = await within(voice.synthesize("Hello.", conn_options=QUICK).collect())
        assert bytes(frame.data).startswith(synthesize("Hello.", 0.5, 24000).pcm)


class TestUpdate:
    async def test_the_next_text_is_spoken_otherwise_over_the_same_connection(self, open_voice: Open) -> None:
        voice, emulator = await open_voice()
        changes: list[dict[str, Any]] = [
            {},
            {"language": "fr-FR", "rate": 1.5},
            {"model": "PhoenixLatestNeural", "rate": None},
            {"voice": "de-DE-KatjaNeural", "language": None},
            {"speaker_profile_id": "another-id"},
        ]
        for change in changes:
            voice.update_options(**change)
            assert (await hear(voice, "Text."))[0] == synthesize("Text.", 0.5, 24000).pcm
        begins = '<voice name="DragonLatestNeural"><mstts:ttsembedding speakerProfileId="some-id">'
        ends = "</mstts:ttsembedding></voice></speak>"
        spoken = [
            f"{begins}Text.{ends}",
            f'{begins}<lang xml:lang="fr-FR"><prosody rate="+50%">Text.</prosody></lang>{ends}',
            f'{begins}<lang xml:lang="fr-FR">Text.</lang>{ends}'.replace("Dragon", "Phoenix"),
            '<voice name="de-DE-KatjaNeural">Text.</voice></speak>',
            f"{begins}Text.{ends}".replace("some-id", "another-id"),
        ]
        found = [one.ssml[one.ssml.index("<voice") :] for one in emulator.synthesized]
        assert found == spoken
        assert emulator.synthesis_connections == 1
        assert voice.model == "DragonLatestNeural"

    async def test_a_text_under_way_goes_on_as_it_began(self, open_voice: Open) -> None:
        voice, emulator = await open_voice(voice="fr-FR-DeniseNeural")
        async with voice.stream(conn_options=QUICK) as stream:
            stream.push_text("This is the first of the sentences here. And ")
            await within(stream.__anext__())
            voice.update_options(voice="de-DE-KatjaNeural")
            stream.push_text("this is the second of them.")
            stream.end_input()
            await within(_to_the_end(stream))
        assert len(emulator.synthesized) == 2
        assert all("DeniseNeural" in one.ssml for one in emulator.synthesized)

    async def test_a_mistake_changes_nothing(self, open_voice: Open) -> None:
        voice, _ = await open_voice()
        for mistake in (
            {"rate": 3.0},
            {"language": "French!"},
            {"model": "<none>"},
            {"voice": "fr-FR-DeniseNeural", "speaker_profile_id": "other"},
        ):
            with pytest.raises(ValueError, match=r"rate|language|model|voice"):
                voice.update_options(**mistake)  # type: ignore[arg-type]
        assert (await hear(voice, "Text."))[0] == synthesize("Text.", 0.5, 24000).pcm
        assert voice.model == "DragonLatestNeural"


async def _to_the_end(stream: Any) -> None:
    async for _ in stream:
        pass


class TestErrors:
    @pytest.mark.parametrize("warm", [True, False])
    async def test_a_wrong_key_is_one_clear_error(self, open_voice: Open, warm: bool) -> None:
        voice, _ = await open_voice(Behaviour(key="right"), speech_key="wrong")
        errors: list[Any] = []
        voice.on("error", errors.append)
        if warm:
            voice.prewarm()
        with pytest.raises(APIStatusError, match="AZURE_SPEECH_KEY") as caught:
            await hear(voice)
        assert caught.value.status_code == 401
        assert "wrong" not in str(caught.value)
        assert [error.recoverable for error in errors] == [False]

    async def test_a_token_lets_in_and_is_had_anew(self, open_voice: Open) -> None:
        tokens: list[str] = []

        def token() -> str:
            tokens.append(emulator.issue_token() if tokens else "expired")
            return tokens[-1]

        voice, emulator = await open_voice(
            Behaviour(token_seconds=60), speech_key=None, speech_auth_token=token
        )
        assert (await hear(voice, "Hello."))[0] == synthesize("Hello.", 0.5, 24000).pcm
        assert len(tokens) == 2

    async def test_a_voice_that_azure_does_not_have_is_told(self, open_voice: Open) -> None:
        voice, emulator = await open_voice(Behaviour(faults=[RefuseText()]))
        with pytest.raises(APIStatusError, match="speaker_profile_id") as caught:
            await hear(voice)
        assert caught.value.status_code == 400
        assert emulator.synthesis_connections == 1

    @pytest.mark.parametrize("times", [1, 3])
    async def test_a_drop_before_the_first_sound_is_not_noticed(self, open_voice: Open, times: int) -> None:
        voice, emulator = await open_voice(Behaviour(faults=[DropText(after=0.0, times=times)]))
        assert (await hear(voice))[0] == synthesize(TEXT, 0.5, 24000).pcm
        assert len(emulator.synthesized) == 1

    @pytest.mark.parametrize("after", [0.3, 0.9])
    async def test_a_drop_amid_the_voice_is_not_heard(self, open_voice: Open, after: float) -> None:
        voice, _ = await open_voice(Behaviour(faults=[DropText(after=after, times=1)]))
        heard, words = await hear(voice)
        assert heard == synthesize(TEXT, 0.5, 24000).pcm
        assert "".join(words) == TEXT

    async def test_a_service_that_always_drops_is_an_error(self, open_voice: Open) -> None:
        voice, _ = await open_voice(Behaviour(faults=[DropText(after=0.5)]))
        with pytest.raises(APIConnectionError):
            await hear(voice)

    @tries_again
    async def test_a_mute_service_has_as_long_as_livekit_gives(self, open_voice: Open) -> None:
        voice, _ = await open_voice(Behaviour(faults=[MuteText()]))
        with takes_less_than(2.0), pytest.raises(APITimeoutError):
            await hear(voice, options=APIConnectOptions(max_retry=0, timeout=0.3))

    async def test_nobody_there_is_a_connection_error_without_the_address(self, open_voice: Open) -> None:
        voice, _ = await open_voice(speech_endpoint="ws://127.0.0.1:9/speech/universal/v2?key=a-secret")
        with pytest.raises(APIConnectionError) as caught:
            await hear(voice)
        assert "secret" not in str(caught.value)

    async def test_a_service_that_was_away_is_connected_to_again(self, open_voice: Open) -> None:
        async with Emulator() as first:
            port = int(first.endpoint.split(":")[2].split("/")[0])
            voice, _ = await open_voice(speech_endpoint=first.endpoint)
            await hear(voice, "Before.")
        async with Emulator(port=port) as second:
            assert (await hear(voice, "After."))[0] == synthesize("After.", 0.5, 24000).pcm
            assert second.synthesis_connections == 1


class TestClosing:
    @pytest.mark.parametrize("moment", ["at once", "connecting", "amid the voice", "mute", "idle"])
    @tries_again
    async def test_closing_takes_about_a_second_at_most(self, open_voice: Open, moment: str) -> None:
        faults = [MuteText(after=0.5)] if moment == "mute" else []
        voice, emulator = await open_voice(Behaviour(voice_speed=1.0, synthesis_seconds=20.0, faults=faults))
        if moment == "idle":
            voice.prewarm()
            await asyncio.sleep(0.1)
        stream = voice.stream(conn_options=QUICK)
        if moment != "idle":
            stream.push_text(TEXT)
            stream.end_input()
        if moment == "connecting":
            await asyncio.sleep(0.005)
        if moment in ("amid the voice", "mute"):
            await within(stream.__anext__())
        with takes_less_than(2.0):
            with takes_less_than(0.5):
                await within(stream.aclose())
            await within(voice.aclose())
        assert not emulator.synthesized

    async def test_the_same_connection_speaks_after_a_reader_has_left(self, open_voice: Open) -> None:
        """As somebody who interrupts an agent leaves: no handshake comes before the next word."""
        voice, emulator = await open_voice(Behaviour(voice_speed=2.0))
        for number in range(3):
            await self._interrupted(voice)
            text = f"Text {number}."
            assert (await hear(voice, text))[0] == synthesize(text, 0.5, 24000).pcm
        assert emulator.synthesis_connections == 1

    async def test_a_service_that_goes_on_with_what_was_stopped_is_not_waited_for(
        self, open_voice: Open
    ) -> None:
        voice, emulator = await open_voice(Behaviour(faults=[MuteText(text=1, after=0.5)]))
        await self._interrupted(voice)
        assert (await hear(voice, "Next."))[0] == synthesize("Next.", 0.5, 24000).pcm
        assert emulator.synthesis_connections == 2

    async def _interrupted(self, voice: PersonalVoiceTTS) -> None:
        async with voice.stream(conn_options=QUICK) as stream:
            stream.push_text(TEXT)
            stream.end_input()
            await within(stream.__anext__())

    @pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
    async def test_no_thread_is_left(self, open_voice: Open) -> None:
        counts = []
        for _ in range(4):
            voice, _ = await open_voice()
            await hear(voice, "Hello.")
            await voice.aclose()
            await asyncio.sleep(0.1)
            counts.append(native_threads())
        assert counts[-1] <= counts[0]

    async def test_a_process_that_closes_none_ends_all_the_same(self) -> None:
        async with Emulator(Behaviour(voice_speed=1.0)) as emulator:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _PROCESS,
                emulator.endpoint,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            output, complaints = await within(process.communicate(), LONG_LIMIT_SECONDS)
            assert emulator.synthesis_connections == 3
        assert (process.returncode, output, complaints) == (0, b"the end\n", b"")


_PROCESS = """
import asyncio, sys
from livekit_plugins_azure_interpreter import PersonalVoiceTTS
from livekit_plugins_azure_interpreter._sdk import threads as _threads

_threads._EXIT_SECONDS = 60.0  # whether it ends is asked, not how soon
left = []

def leave(endpoint):
    voice = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", speech_key="any", speech_endpoint=endpoint)
    left.append(voice)
    return voice

async def speak(voice, until_the_end):
    async with voice.stream() as stream:
        stream.push_text("Hello.")
        stream.end_input()
        async for _ in stream:
            if not until_the_end:
                break

async def main(endpoint):
    await speak(leave(endpoint), until_the_end=True)
    leave(endpoint).prewarm()
    amid_a_voice = leave(endpoint)
    amid_a_voice.prewarm()
    await asyncio.sleep(0.2)
    await speak(amid_a_voice, until_the_end=False)

asyncio.run(main(*sys.argv[1:]))
print("the end")
"""
"""One process leaves a voice at each stage of its work: each process costs the import of LiveKit."""


class Captions(io.TextOutput):
    """What is shown, with its times."""

    def __init__(self) -> None:
        super().__init__(label="captions", next_in_chain=None)
        self.shown: list[str] = []

    async def capture_text(self, text: str) -> None:
        self.shown.append(text)

    def flush(self) -> None: ...


class TestInASession:
    async def test_a_greeting_is_in_the_speakers_voice(
        self, open_voice: Open, enter_room: Any, audio: Any
    ) -> None:
        voice, emulator = await open_voice(sample_rate=16000)
        line = audio.line(1, 0.5)
        room = await enter_room(Behaviour(script=[line]), fallback=voice)
        room.session.say("Bonjour à tous.", allow_interruptions=False)
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.2))
        await room.speaker.until_played(2)
        assert room.heard([synthesize("Bonjour à tous.", 0.5, 16000).pcm, line.voices["fr"].pcm])
        assert len(emulator.synthesized) == 1
        assert room.errors == []

    async def test_a_lost_voice_is_spoken_in_it(self, open_voice: Open, enter_room: Any, audio: Any) -> None:
        voice, emulator = await open_voice(sample_rate=24000)
        line = audio.line(1, 0.5)
        room = await enter_room(
            Behaviour(script=[line], faults=[NoVoice(1)]),
            fallback=voice,
            pair_options={"voice_timeout_seconds": 0.3},
        )
        room.microphone.speak(audio.speech((0.2, 0.7), end=1.2))
        await room.speaker.until_played(1)
        (synthesized,) = emulator.synthesized
        assert synthesized.text == line.translations["fr"]
        # Half a second, at another rate.
        assert len(room.speaker.segments[0]) == pytest.approx(16000, abs=400)
        assert len(room.lost) == 1

    async def test_a_drop_in_the_fallbacks_voice_is_not_heard(
        self, open_voice: Open, enter_room: Any
    ) -> None:
        voice, _ = await open_voice(Behaviour(faults=[DropText(text=1)]), sample_rate=16000)
        room = await enter_room(Behaviour(), fallback=voice)
        room.session.say("Bonjour à tous.", allow_interruptions=False)
        await room.speaker.until_played(1)
        assert room.heard([synthesize("Bonjour à tous.", 0.5, 16000).pcm])

    async def test_a_personal_voice_serves_any_agent_with_captions_in_step(
        self, open_voice: Open, audio: Any
    ) -> None:
        voice, _ = await open_voice(sample_rate=16000)
        with fake_job_context():
            session = AgentSession[None](tts=voice, use_tts_aligned_transcript=True)
            speaker, captions = Speaker(speed=2.0), Captions()
            session.output.audio, session.output.transcription = speaker, captions
            await within(session.start(Agent(instructions=""), record=False))
            session.say("Hello you all.")
            await speaker.until_played(1)
            await within(session.aclose())
        assert audio.same(speaker.segments[0], synthesize("Hello you all.", 0.5, 16000).pcm)
        assert "".join(captions.shown) == "Hello you all."
        assert len(captions.shown) > 1

    async def test_a_personal_voice_is_connected_as_the_session_starts(
        self, open_voice: Open, enter_room: Any, until: Any
    ) -> None:
        voice, emulator = await open_voice(sample_rate=16000)
        room = await enter_room(Behaviour(), fallback=voice)
        await until(lambda: emulator.synthesis_connections == 1)
        room.session.say("Bonjour à tous.", allow_interruptions=False)
        await room.speaker.until_played(1)
        assert emulator.synthesis_connections == 1

    async def test_a_text_is_heard_while_it_is_still_being_written(
        self, open_voice: Open, enter_room: Any
    ) -> None:
        """As the answer of an LLM comes: its end is not written until its beginning is heard."""
        voice, emulator = await open_voice(sample_rate=16000)
        room = await enter_room(Behaviour(), tts=lambda _: voice, agent=Agent(instructions=""))

        async def written() -> AsyncIterator[str]:
            yield "This is the first of the sentences here. And "
            await room.speaker.until_begun(1)
            yield "this is the second of them."

        room.session.say(written())
        await room.speaker.until_played(1)
        texts = [one.text for one in emulator.synthesized]
        assert texts == ["This is the first of the sentences here.", "And this is the second of them."]
        assert room.errors == []

    async def test_a_session_survives_what_it_cannot_say(self, open_voice: Open, enter_room: Any) -> None:
        voice, _ = await open_voice(Behaviour(faults=[RefuseText(text=1)]), sample_rate=16000)
        room = await enter_room(Behaviour(), fallback=voice)
        room.session.say("Premier.", allow_interruptions=False)
        room.session.say("Second.", allow_interruptions=False)
        await room.speaker.until_played(1)
        assert room.heard([synthesize("Second.", 0.5, 16000).pcm])
        (error,) = room.errors
        assert isinstance(error.error.error, APIError)
