"""PersonalVoiceTTS over a fake synthesizer: what it asks for, what it emits, and when it goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from fakes.fixtures import Until
from fakes.limits import within
from fakes.synthesizer import FakeSpeech
from fakes.texts import ANY_TEXT
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError, APITimeoutError
from livekit.agents.tts import TTSError
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from livekit_plugins_azure_interpreter import PersonalVoiceTTS
from livekit_plugins_azure_interpreter._sdk import synthesis as _synthesis
from livekit_plugins_azure_interpreter._sdk.events import (
    Failed,
    SynthesisChunk,
    SynthesisCompleted,
    SynthesisEvent,
    SynthesisStarted,
    WordBoundary,
)
from livekit_plugins_azure_interpreter._speaking.portions import Portions
from livekit_plugins_azure_interpreter._speaking.whole_characters import whole_characters
from livekit_plugins_azure_interpreter._voices.utterance import Clause, Utterance

OPTIONS = APIConnectOptions(max_retry=2, retry_interval=0.01, timeout=2.0)
LOST = Failed("ConnectionFailure", "")
REFUSED = Failed("AuthenticationFailure", "")
BEGUN = SynthesisStarted("r1")
ONE_SECOND = bytes(range(1, 241)) * 200
"""At 24 kHz, and no sample of it is silence."""

Make = Callable[..., PersonalVoiceTTS]


def sound(pcm: bytes, *words: WordBoundary) -> list[SynthesisEvent]:
    return [BEGUN, *words, SynthesisChunk(pcm), SynthesisCompleted()]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """A TTS over a fake service; any argument of it can be given."""
    made: list[tuple[PersonalVoiceTTS, FakeSpeech]] = []

    def make_one(azure: FakeSpeech, **arguments: Any) -> PersonalVoiceTTS:
        voice = {} if "speaker_profile_id" in arguments else {"voice": "fr-FR-DeniseNeural"}
        somebody = {"speech_key": "a-key", "speech_region": "westeurope", "_open_synthesizer": azure}
        made.append((PersonalVoiceTTS(**{**somebody, **voice, **arguments}), azure))
        return made[-1][0]

    yield make_one
    for voice, azure in made:
        await within(voice.aclose())
        azure.shut_down()


class Heard:
    """What came of a text."""

    def __init__(self) -> None:
        self.pcm = b""
        self.words: list[TimedString] = []
        self.final = False

    @property
    def times(self) -> list[tuple[str, object, object]]:
        return [(str(word), word.start_time, word.end_time) for word in self.words]


async def hear(
    voice: PersonalVoiceTTS, *texts: str, conn_options: APIConnectOptions = OPTIONS, whole: bool = False
) -> Heard:
    heard = Heard()

    async def listen() -> None:
        if whole:
            stream: Any = voice.synthesize("".join(texts), conn_options=conn_options)
        else:
            stream = voice.stream(conn_options=conn_options)
            for text in texts:
                stream.push_text(text)
            stream.end_input()
        async with stream:
            async for audio in stream:
                heard.pcm += bytes(audio.frame.data)
                heard.words += audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
                heard.final = audio.is_final

    await within(listen())
    return heard


def raise_unreadable(*_: object) -> None:
    raise UnicodeError("not readable")


class Slowest:
    """The longest that the loop was held up within, in seconds of this thread's work."""

    seconds = 0.0

    async def __aenter__(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.wait({self._watching})

    async def _watch(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            self.seconds = max(self.seconds, time.thread_time() - before)


class TestArguments:
    async def test_a_personal_voice_tells_its_model_rate_and_capabilities(self, make: Make) -> None:
        voice = make(FakeSpeech(), speaker_profile_id="me", model="PhoenixLatestNeural", sample_rate=48000)
        assert (voice.model, voice.provider) == ("PhoenixLatestNeural", "Azure")
        assert (voice.sample_rate, voice.num_channels) == (48000, 1)
        assert (voice.capabilities.streaming, voice.capabilities.aligned_transcript) == (True, True)
        assert not make(FakeSpeech(), word_timings=False).capabilities.aligned_transcript

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"sample_rate": 44100}, "sample_rate must be one of 16000, 24000, 48000"),
            ({"proxy": "nonsense"}, "proxy must be"),
            ({"speech_host": "ws://here"}, "contradict"),
            ({"rate": 0.1}, "rate"),
        ],
    )
    async def test_a_refused_argument_is_named(
        self, make: Make, arguments: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            make(FakeSpeech(), **arguments)

    async def test_secrets_are_in_no_repr(self, make: Make) -> None:
        voice = make(FakeSpeech(), speech_key="a-secret", speaker_profile_id="whose")
        assert "secret" not in repr(vars(voice))
        assert "whose" not in repr(vars(voice))


class TestSpeaking:
    @pytest.mark.parametrize("whole", [True, False])
    async def test_the_samples_are_azures(self, make: Make, whole: bool) -> None:
        azure = FakeSpeech(sound(ONE_SECOND))
        heard = await hear(make(azure), "Hello.", whole=whole)
        assert (heard.pcm, heard.final) == (ONE_SECOND, True)
        (ssml,) = azure.texts
        assert '<voice name="fr-FR-DeniseNeural">Hello.</voice>' in ssml

    async def test_a_text_that_has_come_is_asked_for_at_once(self, make: Make) -> None:
        azure = FakeSpeech()
        await hear(make(azure), "This is a first sentence. ", "This is a second one,", " and it ends. Yes.")
        (ssml,) = azure.texts
        assert "This is a first sentence. This is a second one, and it ends. Yes." in ssml

    async def test_the_first_sentence_does_not_wait_for_the_last(self, make: Make, until: Until) -> None:
        azure = FakeSpeech()
        async with make(azure).stream(conn_options=OPTIONS) as stream:
            stream.push_text("This is a first sentence. This is a second")
            first = await within(anext(stream))
            assert first.frame.duration > 0
            stream.push_text(" one. The third one ")
            await until(lambda: len(azure.texts) == 2)
            stream.push_text("ends.")
            stream.end_input()
            frames = [audio async for audio in stream]
        assert len(azure.texts) == 3
        assert len(azure.synthesizers) == 1
        assert [audio.is_final for audio in frames].count(True) == 1
        assert len({audio.segment_id for audio in [first, *frames]}) == 1

    async def test_a_clause_is_spoken_at_once(self, make: Make, until: Until) -> None:
        azure, utterance = FakeSpeech(), Utterance.begun("utterance-1", 0.0)
        async with make(azure).stream(conn_options=OPTIONS) as stream:
            for number, text in enumerate(("without a mark", " and without an end"), 1):
                stream.push_text(Clause(text, utterance))
                await until(lambda number=number: len(azure.texts) == number)
            assert len(azure.synthesizers) == 1

    async def test_clauses_are_heard_without_the_silence_between_them(self, make: Make, until: Until) -> None:
        silence, short = bytes(48000), bytes(round(24000 * 0.03) * 2)
        azure = FakeSpeech(*[sound(silence + ONE_SECOND + silence)] * 2)
        utterance = Utterance.begun("utterance-1", 0.0)
        async with make(azure).stream(conn_options=OPTIONS) as stream:
            for number, text in enumerate(("without a mark", " and without an end"), 1):
                stream.push_text(Clause(text, utterance))
                await until(lambda number=number: len(azure.texts) == number)
            stream.end_input()
            heard = b"".join([bytes(audio.frame.data) async for audio in stream])
        assert heard == short + ONE_SECOND + short * 2 + ONE_SECOND + silence

    async def test_a_clause_that_goes_on_after_a_lost_connection_is_heard_once(self, make: Make) -> None:
        silence = bytes(4800)
        first, rest = ONE_SECOND[:24000] + silence, ONE_SECOND[24000:]
        azure = FakeSpeech([BEGUN, SynthesisChunk(first), LOST], sound(first + rest))
        heard = await hear(make(azure), Clause("a clause", Utterance.begun("utterance-1", 0.0)))
        assert heard.pcm == first + rest

    async def test_a_flush_speaks_what_there_is(self, make: Make, until: Until) -> None:
        azure = FakeSpeech()
        async with make(azure).stream(conn_options=OPTIONS) as stream:
            stream.push_text("Not a whole sen")
            stream.flush()
            await until(lambda: azure.texts)
            assert "Not a whole sen<" in azure.texts[0]

    @pytest.mark.parametrize("texts", [[], [" "], ["…"], ["😀", " !"]])
    async def test_nothing_to_say_ends_quietly(self, make: Make, texts: list[str]) -> None:
        azure = FakeSpeech()
        voice = make(azure)
        errors: list[TTSError] = []
        voice.on("error", errors.append)
        assert (await hear(voice, *texts)).pcm == b""
        assert not errors
        assert not azure.texts

    async def test_no_sound_is_an_error_that_does_not_tell_the_text(self, make: Make) -> None:
        azure = FakeSpeech([BEGUN, SynthesisCompleted()])
        with pytest.raises(APIError, match="no sound") as caught:
            await hear(make(azure), "a confidence")
        assert "confidence" not in str(caught.value)
        assert len(azure.texts) == 1

    @pytest.mark.parametrize(
        ("pieces", "spoken"), [(["Hello \ud83d"], "Hello "), (["Hello \ud83d", "\ude00."], "Hello 😀.")]
    )
    @pytest.mark.parametrize("whole", [True, False])
    async def test_halves_of_characters_are_joined_or_dropped(
        self, make: Make, pieces: list[str], spoken: str, whole: bool
    ) -> None:
        azure = FakeSpeech(sound(ONE_SECOND))
        assert (await hear(make(azure), *pieces, whole=whole)).pcm == ONE_SECOND
        (ssml,) = azure.texts
        assert f">{spoken}</voice>" in ssml

    async def test_a_long_text_is_several_requests_and_its_times_go_on(self, make: Make) -> None:
        azure = FakeSpeech(sound(ONE_SECOND))
        text = "很好，我们走吧。" * 200
        heard = await hear(make(azure), text)
        assert len(azure.texts) == 3
        assert heard.pcm == ONE_SECOND * 3
        assert "".join(heard.words) == text
        assert heard.words[-1].end_time == 3.0

    async def test_a_slow_rate_makes_the_requests_shorter(self, make: Make) -> None:
        azure = FakeSpeech(sound(ONE_SECOND))
        await hear(make(azure, rate=0.5), "很好，我们走吧。" * 200)
        assert len(azure.texts) == 5

    @pytest.mark.parametrize("text", ["This is short. ", "很好，我们走吧。"])
    async def test_a_long_text_does_not_hold_up_the_loop(self, make: Make, text: str) -> None:
        """Against the time that as long a text of this kind takes, so that a busy machine is no matter."""
        azure = FakeSpeech(sound(ONE_SECOND[:960]))
        voice, took = make(azure), list[float]()
        for length in (4_000, 64_000):
            slowest = Slowest()
            async with slowest:
                await hear(voice, text * (length // len(text)))
            took.append(slowest.seconds)
        assert took[1] < 8 * took[0] + 0.05

    async def test_a_failure_while_text_comes_ends_the_stream_with_an_error(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Portions, "push", raise_unreadable)
        async with make(FakeSpeech()).stream(conn_options=OPTIONS) as stream:
            stream.push_text("Hello.")
            with pytest.raises(UnicodeError, match="not readable"):
                await within(anext(stream))

    async def test_prewarm_connects_ahead(self, make: Make, until: Until) -> None:
        azure = FakeSpeech()
        voice = make(azure)
        voice.prewarm()
        await until(lambda: azure.synthesizers and azure.last.idle)
        await hear(voice, "Hello.")
        assert len(azure.synthesizers) == 1

    async def test_a_reader_that_leaves_stops_it(self, make: Make, until: Until) -> None:
        azure = FakeSpeech([BEGUN, SynthesisChunk(ONE_SECOND)])
        stream = make(azure).stream(conn_options=OPTIONS)
        stream.push_text("Hello.")
        stream.end_input()
        await within(anext(stream))
        await within(stream.aclose())
        await until(lambda: azure.synthesizers[0].stops == 1)

    async def test_a_connection_that_is_busy_with_a_stopped_text_is_not_waited_for(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_synthesis, "_BUSY_SECONDS", 0.05)
        azure = FakeSpeech([BEGUN, SynthesisChunk(ONE_SECOND)], [BEGUN], sound(ONE_SECOND))
        voice = make(azure)
        errors: list[TTSError] = []
        voice.on("error", errors.append)
        async with voice.stream(conn_options=OPTIONS) as stream:
            stream.push_text("Hello.")
            stream.flush()
            await within(anext(stream))
        assert (await hear(voice, "Next.")).pcm == ONE_SECOND
        assert len(azure.synthesizers) == 2
        assert not errors


@settings(max_examples=50, deadline=None)
@given(st.lists(ANY_TEXT))
def test_any_pieces_are_spoken_in_order_and_end(pieces: list[str]) -> None:
    azure = FakeSpeech(sound(ONE_SECOND))

    async def speak() -> None:
        voice = PersonalVoiceTTS(
            voice="fr-FR-DeniseNeural",
            speech_key="a-key",
            speech_region="westeurope",
            _open_synthesizer=azure,
        )
        await hear(voice, *pieces)
        await voice.aclose()

    asyncio.run(speak())
    spoken = "".join("".join(ElementTree.fromstring(ssml).itertext()) for ssml in azure.texts)
    kept = filter(str.isalnum, whole_characters("".join(pieces)))
    assert "".join(filter(str.isalnum, spoken)) == "".join(kept)
    azure.shut_down()


class TestTimings:
    async def test_the_words_are_the_text_with_times(self, make: Make) -> None:
        words = WordBoundary("Hello", 0.0, 0.5, "r1"), WordBoundary("you", 0.5, 0.25, "r1")
        heard = await hear(make(FakeSpeech(sound(ONE_SECOND, *words))), "Hello you.")
        assert heard.times == [("Hello", 0.0, 0.5), (" you", 0.5, 0.75), (".", 0.75, 1.0)]

    async def test_times_go_on_over_sentences(self, make: Make, until: Until) -> None:
        azure = FakeSpeech(
            sound(ONE_SECOND, WordBoundary("first", 0.5, 0.25, "r1")),
            sound(ONE_SECOND, WordBoundary("second", 0.5, 0.25, "r1")),
        )
        words: list[TimedString] = []
        async with make(azure).stream(conn_options=OPTIONS) as stream:
            stream.push_text("This is the first sentence. And")
            await until(lambda: azure.texts)
            stream.push_text(" the second")
            stream.end_input()
            async for audio in stream:
                words += audio.frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, [])
        assert "".join(words) == "This is the first sentence. And the second"
        assert [word.start_time for word in words] == [
            0.5,
            0.75,
            1.5,
        ]

    async def test_timings_can_be_left_out(self, make: Make) -> None:
        azure = FakeSpeech(sound(ONE_SECOND, WordBoundary("Hello", 0.0, 0.5, "r1")))
        assert not (await hear(make(azure, word_timings=False), "Hello.")).words


class TestErrors:
    async def test_livekit_tries_again_before_any_sound(self, make: Make) -> None:
        azure = FakeSpeech([BEGUN, LOST], sound(ONE_SECOND))
        voice = make(azure)
        errors: list[TTSError] = []
        voice.on("error", errors.append)
        assert (await hear(voice, "Hello.")).pcm == ONE_SECOND
        assert [error.recoverable for error in errors] == [True]
        assert len(azure.synthesizers) == 2

    async def test_a_failure_after_a_sound_goes_on_where_it_was(self, make: Make) -> None:
        word = WordBoundary("Hello", 0.0, 0.5, "r1")
        begun = [BEGUN, word, SynthesisChunk(ONE_SECOND[:20000])]
        azure = FakeSpeech([*begun, LOST], [BEGUN, word, LOST], sound(ONE_SECOND, word))
        voice = make(azure)
        errors: list[TTSError] = []
        voice.on("error", errors.append)
        heard = await hear(voice, "Hello.")
        assert heard.pcm == ONE_SECOND
        assert [str(word) for word in heard.words] == ["Hello", "."]
        assert not errors

    async def test_a_text_that_keeps_failing_is_an_error_in_the_end(self, make: Make) -> None:
        azure = FakeSpeech([BEGUN, SynthesisChunk(ONE_SECOND[:20000]), LOST])
        with pytest.raises(APIConnectionError):
            await hear(make(azure), "Hello.")
        assert len(azure.texts) == 3

    async def test_a_later_sentence_that_is_refused_is_an_error(self, make: Make, until: Until) -> None:
        azure = FakeSpeech(sound(ONE_SECOND), [REFUSED])
        async with make(azure).stream(conn_options=OPTIONS) as stream:
            stream.push_text("This is the first sentence. And")
            await until(lambda: azure.texts)
            stream.push_text(" the second")
            stream.end_input()
            with pytest.raises(APIStatusError):
                async for _ in stream:
                    pass

    async def test_a_wrong_key_is_one_clear_error(self, make: Make) -> None:
        azure = FakeSpeech([BEGUN, REFUSED])
        with pytest.raises(APIStatusError, match="AZURE_SPEECH_KEY") as caught:
            await hear(make(azure), "Hello.")
        assert (caught.value.status_code, caught.value.request_id) == (401, "r1")
        assert len(azure.texts) == 1

    async def test_a_renewable_token_is_tried_once_more(self, make: Make) -> None:
        azure = FakeSpeech([BEGUN, REFUSED])
        voice = make(azure, speech_key=None, speech_auth_token=lambda: "token")
        with pytest.raises(APIStatusError):
            await hear(voice, "Hello.")
        assert len(azure.texts) == 2

    async def test_a_text_that_azure_refuses_says_what_to_check(self, make: Make) -> None:
        closed = Failed("BadRequest", "Connection was closed by the remote host. Error code: 1007.")
        azure = FakeSpeech([BEGUN, closed])
        with pytest.raises(APIStatusError, match="speaker_profile_id"):
            await hear(make(azure), "Hello.")
        assert len(azure.texts) == 1

    async def test_a_mute_service_has_as_long_as_livekit_gives(self, make: Make) -> None:
        options = APIConnectOptions(max_retry=0, timeout=0.05)
        with pytest.raises(APITimeoutError):
            await hear(make(FakeSpeech([BEGUN])), "Hello.", conn_options=options)

    async def test_closing_the_tts_ends_its_streams(self, make: Make, until: Until) -> None:
        azure = FakeSpeech([BEGUN])
        voice = make(azure)
        hearing = asyncio.create_task(hear(voice, "Hello."))
        await until(lambda: azure.texts)
        await within(voice.aclose())
        with pytest.raises(APIConnectionError, match="closed"):
            await hearing
        with pytest.raises(APIConnectionError, match="closed"):
            await hear(voice, "Hello.")
