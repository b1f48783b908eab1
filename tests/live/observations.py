"""What a recorded exchange tells of the things that are not known of the service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from livekit_plugins_azure_interpreter.emulator import Exchange, RecordedConnection, RecordedMessage

NOT_SEEN = "not seen"
_BAD_REQUEST = 1007


@dataclass(frozen=True)
class Observation:
    """One answer: its name in `unknowns`, and what was counted."""

    answer: str
    counted: str = ""


@dataclass
class _Voice:
    """A voice, by the places of its messages among all."""

    stream_id: str
    began: int
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    status: str = ""

    @property
    def headers(self) -> list[bool]:
        return [chunk.startswith(b"RIFF") for _, chunk in self.chunks]

    @property
    def rates(self) -> set[int]:
        heads = (chunk for _, chunk in self.chunks if chunk.startswith(b"RIFF") and len(chunk) >= 28)
        return {int.from_bytes(head[24:28], "little") for head in heads}


class Seen:
    """A recording, read once: its results and its voices, each with its place among all messages.

    Attributes:
        turns: Of the message at each place: which connection and turn it belongs to.
        finals: Results of phrases; those with a translation are `translated`.
        targets: The languages that were asked for.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.connections = exchange.connections
        self._messages: list[RecordedMessage] = []
        self.turns: list[tuple[int, int]] = []
        self.voices: list[_Voice] = []
        for number, connection in enumerate(exchange.connections):
            self.voices += _voices(connection, len(self._messages))
            self._messages += connection.messages
            self.turns += [(number, recorded.turn) for recorded in connection.messages]
        self.interims = list(self._results("SpeechHypothesis"))
        results = self._results("SpeechPhrase")
        self.finals = [
            (place, body)
            for place, body in results
            if body["SpeechPhrase"].get("RecognitionStatus") == "Success"
        ]
        self.translated = [(place, body) for place, body in self.finals if _translations(body)]
        self.targets = self._targets()

    def places(self, path: str) -> list[int]:
        """Where messages of a kind lie."""
        return [place for place, recorded in enumerate(self._messages) if recorded.message.path == path]

    def _results(self, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for place, recorded in enumerate(self._messages):
            if recorded.message.path == "translation.response":
                body = _body(recorded)
                if isinstance(body.get(kind), dict):
                    yield place, body

    def _targets(self) -> set[str]:
        asked = (one for one in self._messages if one.message.path == "speech.context")
        found = (_body(one).get("translation", {}).get("targetLanguages", []) for one in asked)
        return {language for languages in found for language in languages}


def header(seen: Seen) -> Observation:
    """Which chunks of a voice begin with a RIFF header."""
    voices = _sounding(seen)
    if not voices:
        return Observation(NOT_SEEN)
    counted = f"{len(voices)} voices in {sum(len(voice.chunks) for voice in voices)} chunks"
    if not any(any(voice.headers) for voice in voices):
        return Observation("none", counted)
    several = [voice for voice in voices if len(voice.chunks) > 1] or voices
    if all(all(voice.headers) for voice in several) and any(len(voice.chunks) > 1 for voice in several):
        return Observation("every", counted)
    if all(voice.headers[0] and not any(voice.headers[1:]) for voice in voices):
        return Observation("first", counted)
    if any(voices[0].headers) and not any(any(voice.headers) for voice in voices[1:]):
        return Observation("first voice", counted)
    return Observation("mixed", counted)


def rate(seen: Seen) -> Observation:
    """The sample rate of the voices."""
    rates = sorted(set().union(*(voice.rates for voice in seen.voices)))
    if not rates:
        return Observation("untold" if _sounding(seen) else NOT_SEEN)
    counted = ", ".join(f"{hertz} Hz" for hertz in rates)
    return Observation("16000" if rates == [16000] else "another", counted)


def voiced(seen: Seen) -> Observation:
    """Whether every translated phrase has a voice."""
    if not seen.translated:
        return Observation(NOT_SEEN)
    voices, phrases = len(_sounding(seen)), len(seen.translated)
    counted = f"{phrases} translated phrases, {voices} voices"
    return Observation("none" if not voices else "all" if voices >= phrases else "some", counted)


def interleaved(seen: Seen) -> Observation:
    """Whether the chunks of two voices alternate."""
    voices = _sounding(seen)
    if len(voices) < 2:
        return Observation(NOT_SEEN, "fewer than two voices")
    pairs = sum(
        later.began < voice.chunks[-1][0]
        for index, voice in enumerate(voices)
        for later in voices[index + 1 :]
    )
    return Observation("yes" if pairs else "no", f"{len(voices)} voices, {pairs} pairs that alternate")


def interims(seen: Seen) -> Observation:
    """Whether there are interim results."""
    if not seen.finals:
        return Observation(NOT_SEEN)
    translated = sum(bool(_translations(body)) for _, body in seen.interims)
    counted = f"{len(seen.interims)} interim results, {translated} of them translated"
    return Observation("yes" if seen.interims else "no", counted)


def keys(seen: Seen) -> Observation:
    """How translations are keyed."""
    found = {key for _, body in seen.translated for key in _translations(body)}
    if not found:
        return Observation(NOT_SEEN)
    counted = f"asked for {', '.join(sorted(seen.targets))}, keyed {', '.join(sorted(found))}"
    return Observation("as asked" if found <= seen.targets else "otherwise", counted)


def early(seen: Seen) -> Observation:
    """Whether a voice begins before the final result of its phrase."""
    voices = _sounding(seen)
    if not voices:
        return Observation(NOT_SEEN)
    finals = [place for place, _ in seen.translated]
    count = sum(
        number > sum(place < voice.began for place in finals) for number, voice in enumerate(voices, 1)
    )
    return Observation("yes" if count else "no", f"{count} of {len(voices)} voices")


def approval(seen: Seen) -> Observation:
    """What comes back where a personal voice is asked for."""
    refused = [one.status for one in seen.connections if one.status is not None]
    if refused:
        return Observation("refused", f"HTTP status {refused[-1]}")
    closed = [one for one in seen.connections if one.close_code not in (None, 1000)]
    if closed:
        return Observation("closed", f"close code {closed[-1].close_code} {closed[-1].close_reason}".strip())
    failed = [voice for voice in seen.voices if voice.status not in ("", "Success")]
    if failed:
        return Observation("voice error", f"{len(failed)} voices ended with {failed[0].status}")
    if not seen.translated:
        return Observation(NOT_SEEN)
    return Observation("voices" if _sounding(seen) else "text only", voiced(seen).counted)


def same_language(seen: Seen) -> Observation:
    """Whether speech that is in the target language already is voiced."""
    if not seen.finals:
        return Observation(NOT_SEEN)
    counted = f"{len(seen.finals)} phrases, {len(seen.translated)} translated, {len(_sounding(seen))} voices"
    if not seen.translated:
        return Observation("untranslated", counted)
    return Observation("voiced" if _sounding(seen) else "silent", counted)


def speech_end(seen: Seen) -> Observation:
    """When `speech.endDetected` comes; the end of a turn that has no phrase is that of the audio."""
    if len(seen.finals) < 2:
        return Observation(NOT_SEEN, "fewer than two phrases")
    phrases = Counter(seen.turns[place] for place, _ in seen.finals)
    ends = Counter(seen.turns[place] for place in seen.places("speech.endDetected"))
    ended = {turn: ends[turn] for turn in phrases}
    counted = f"{len(seen.finals)} phrases in {len(phrases)} turns, {sum(ended.values())} ends of speech"
    if not any(ended.values()):
        return Observation("never", counted)
    each = all(ended[turn] >= count for turn, count in phrases.items())
    return Observation("per phrase" if each else "per turn", counted)


def several_languages(seen: Seen) -> Observation:
    """Whether voices in several languages come over one connection."""
    asked = [one for one in seen.connections if len(_voices_asked_for(one)) > 1]
    if not asked:
        return Observation(NOT_SEEN)
    languages = sorted(
        {
            str(_body(start).get("TranslationLanguage", ""))
            for connection in asked
            for start in connection.said("audio.start")
        }
    )
    wanted = ", ".join(sorted(_voices_asked_for(asked[0])))
    counted = f"asked for {wanted}, voiced {', '.join(languages) or 'none'}"
    if len(languages) > 1:
        return Observation("all", counted)
    if not languages and (refused := next((one for one in asked if one.close_code == _BAD_REQUEST), None)):
        return Observation("refused", f"close code {_BAD_REQUEST} {refused.close_reason}".strip())
    return Observation("one" if languages else NOT_SEEN, counted)


OF_A_CONVERSATION: dict[str, Callable[[Seen], Observation]] = {
    "header": header,
    "rate": rate,
    "voiced": voiced,
    "interleaved": interleaved,
    "interims": interims,
    "keys": keys,
    "early": early,
    "approval": approval,
    "speech end": speech_end,
}
OF_SPEECH_IN_THE_TARGET_LANGUAGE = {"same language": same_language}
OF_SEVERAL_LANGUAGES = {"several languages": several_languages}


def _sounding(seen: Seen) -> Sequence[_Voice]:
    return [voice for voice in seen.voices if any(chunk for _, chunk in voice.chunks)]


def _translations(body: dict[str, Any]) -> dict[str, str]:
    entries = body.get("Translations") or []
    texts = {one.get("Language", ""): one.get("DisplayText") or one.get("Text") or "" for one in entries}
    return {language: text for language, text in texts.items() if text}


def _voices_asked_for(connection: RecordedConnection) -> set[str]:
    contexts = (one for one in connection.messages if one.message.path == "speech.context")
    return {
        language
        for one in contexts
        for language in (_body(one).get("synthesis") or {}).get("defaultVoices") or ()
    }


def _body(recorded: RecordedMessage) -> dict[str, Any]:
    try:
        body = json.loads(recorded.message.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _voices(connection: RecordedConnection, first: int) -> list[_Voice]:
    voices: list[_Voice] = []
    under_way: dict[tuple[int, str], _Voice] = {}
    for place, recorded in enumerate(connection.messages, first):
        path = recorded.message.path
        if recorded.sender != "service" or not path.startswith("audio"):
            continue
        stream = recorded.turn, recorded.message.headers.get("X-StreamId", "")
        if path == "audio.start":
            under_way.pop(stream, None)
        elif path == "audio":
            if stream not in under_way:
                under_way[stream] = _Voice(stream[1], place)
                voices.append(under_way[stream])
            under_way[stream].chunks.append((place, recorded.message.body))
        elif path == "audio.end":
            ended = under_way.pop(stream, None)
            if ended is None:
                ended = _Voice(stream[1], place)
                voices.append(ended)
            ended.status = str(_body(recorded).get("Status", ""))
    return voices
