from __future__ import annotations

import json
import wave
from pathlib import Path
from typing import Any

import pytest

from livekit_plugins_azure_interpreter.emulator import ECHOED, Line, Voice, load_script


def _wav(path: Path, pcm: bytes, *, rate: int = 16000, width: int = 2, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(rate)
        wav.writeframes(pcm)
    return path


def _script(folder: Path, *lines: Any) -> Path:
    path = folder / "script.json"
    path.write_text(json.dumps({"lines": list(lines)}), encoding="utf-8")
    return path


class TestVoice:
    def test_it_lasts_as_long_as_its_samples_at_its_rate(self) -> None:
        assert Voice(bytes(24000 * 2 * 3), 24000).seconds == 3.0

    def test_a_wav_file_gives_its_very_samples_and_rate(self, tmp_path: Path) -> None:
        assert Voice.from_wav(_wav(tmp_path / "a.wav", b"\x01\x02\x03\x04", rate=24000)) == Voice(
            b"\x01\x02\x03\x04", 24000
        )

    @pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 2)])
    def test_a_wav_file_that_is_not_16_bit_mono_is_refused(
        self, tmp_path: Path, width: int, channels: int
    ) -> None:
        path = _wav(tmp_path / "a.wav", bytes(4), width=width, channels=channels)
        with pytest.raises(ValueError, match=r"a\.wav: a voice must be 16 bit mono"):
            Voice.from_wav(path)

    @pytest.mark.parametrize("content", [b"", b"ID3 an mp3 of old, whatever it may hold inside"])
    def test_a_file_that_is_no_wav_is_refused_by_name(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "a.wav"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.wav: not a PCM WAV file"):
            Voice.from_wav(path)

    def test_a_file_that_is_missing_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            Voice.from_wav(tmp_path / "none.wav")


class TestLine:
    def test_its_speaker_is_the_first_guest_unless_the_script_says_otherwise(self, tmp_path: Path) -> None:
        lines = load_script(_script(tmp_path, {"text": "a"}, {"text": "b", "speaker": "Guest-2"}))
        assert [line.speaker for line in lines] == ["Guest-1", "Guest-2"]

    def test_a_speaker_that_is_no_text_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match='"speaker" of line 1 must be a text'):
            load_script(_script(tmp_path, {"text": "a", "speaker": 2}))

    @pytest.mark.parametrize("key", ["nb", "no", "nb-NO"])
    def test_its_translations_are_found_by_any_name_of_the_language(self, key: str) -> None:
        assert Line("yes", translations={key: "ja"}).translation("nb") == "ja"

    def test_its_translation_is_the_one_of_the_language(self) -> None:
        assert Line("Hello", translations={"fr": "Bonjour"}).translation("fr") == "Bonjour"

    def test_a_language_without_a_translation_gets_the_text_behind_its_name(self) -> None:
        assert Line("Hello", translations={"fr": "Bonjour"}).translation("de") == ECHOED


class TestLoadScript:
    def test_lines_come_in_their_order(self, tmp_path: Path) -> None:
        assert load_script(_script(tmp_path, {"text": "a"}, {"text": "b"})) == [Line("a"), Line("b")]

    def test_every_argument_of_a_line_can_be_given(self, tmp_path: Path) -> None:
        arguments: dict[str, Any] = {
            "text": "Hola",
            "language": "es-MX",
            "translations": {"en": "Hi"},
            "start_seconds": 1,
            "end_seconds": 2.5,
            "translated": False,
            "voiced": False,
        }
        assert load_script(_script(tmp_path, arguments)) == [Line(**arguments)]

    def test_voices_are_read_from_the_folder_of_the_script(self, tmp_path: Path) -> None:
        _wav(tmp_path / "fr.wav", b"\x01\x00")
        (line,) = load_script(_script(tmp_path, {"text": "a", "voices": {"fr": "fr.wav"}}))
        assert line.voices == {"fr": Voice(b"\x01\x00")}

    def test_text_is_read_as_utf_8(self, tmp_path: Path) -> None:
        path = tmp_path / "script.json"
        path.write_bytes('{"lines": [{"text": "ñandú"}]}'.encode())
        assert load_script(path)[0].text == "ñandú"

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            pytest.param(b"{", "not JSON", id="no JSON"),
            pytest.param(b'"\xff"', "not JSON", id="no UTF-8"),
            pytest.param(b"[]", 'a list of "lines"', id="a list"),
            pytest.param(b"{}", 'a list of "lines"', id="no lines"),
            pytest.param(b'{"lines": "a"}', 'a list of "lines"', id="lines are text"),
            pytest.param(b'{"lines": [{"text": "a"}, "b"]}', 'line 2 needs a "text"', id="a line is text"),
            pytest.param(b'{"lines": [{"language": "fr"}]}', 'line 1 needs a "text"', id="no text"),
            pytest.param(b'{"lines": [{"text": 1}]}', 'line 1 needs a "text"', id="text is a number"),
            pytest.param(
                b'{"lines": [{"text": "a", "voices": []}]}', '"voices" of line 1', id="voices are a list"
            ),
            pytest.param(b'{"lines": [{"text": "a", "txt": 1}]}', "line 1: .*'txt'", id="an unknown key"),
            pytest.param(
                b'{"lines": [{"text": "a", "translations": "b"}]}',
                '"translations" of line 1',
                id="translations are text",
            ),
            pytest.param(
                b'{"lines": [{"text": "a", "translations": {"fr": 1}}]}',
                '"translations" of line 1',
                id="a translation is a number",
            ),
            pytest.param(
                b'{"lines": [{"text": "a", "start_seconds": "0", "end_seconds": "1"}]}',
                '"start_seconds" of line 1',
                id="a position is text",
            ),
        ],
    )
    def test_an_invalid_script_is_refused_with_file_and_place(
        self, tmp_path: Path, content: bytes, complaint: str
    ) -> None:
        path = tmp_path / "script.json"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"script\.json: .*{complaint}"):
            load_script(path)

    def test_a_voice_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match=r"none\.wav"):
            load_script(_script(tmp_path, {"text": "a", "voices": {"fr": "none.wav"}}))
