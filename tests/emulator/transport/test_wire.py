from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekit_plugins_azure_interpreter.emulator.transport.wire import (
    Message,
    WireError,
    json_body,
    parse_binary,
    parse_text,
)

_characters = st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])
_values = st.text(_characters, max_size=40).map(str.strip)
_names = st.text(
    st.characters(exclude_characters=":\r\n", exclude_categories=["Cs"]), min_size=1, max_size=20
)
_headers = st.dictionaries(_names.filter(lambda name: name != "Path"), _values, max_size=5)
_texts = st.text(st.characters(exclude_categories=["Cs"]))


class TestRoundTrip:
    @given(path=_values.filter(bool), headers=_headers, body=_texts)
    def test_a_text_frame_reads_back_as_the_message_that_was_written(
        self, path: str, headers: dict[str, str], body: str
    ) -> None:
        message = Message(path, headers, body.encode())
        assert parse_text(message.to_text()) == message

    @given(path=_values.filter(bool), headers=_headers, body=st.binary())
    def test_a_binary_frame_reads_back_as_the_message_that_was_written(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> None:
        message = Message(path, headers, body)
        assert parse_binary(message.to_binary()) == message


class TestWriting:
    def test_a_text_frame_is_header_lines_then_a_blank_line_then_the_body(self) -> None:
        frame = Message("turn.start", {"X-RequestId": "r1"}, b"{}").to_text()
        assert frame == "Path:turn.start\r\nX-RequestId:r1\r\n\r\n{}"

    def test_a_binary_frame_is_a_big_endian_length_then_header_lines_then_the_payload(self) -> None:
        frame = Message("audio", {"X-StreamId": "7"}, b"\r\n\xff").to_binary()
        assert frame == b"\x00\x1aPath:audio\r\nX-StreamId:7\r\n\r\n\xff"

    def test_text_of_any_script_is_written_as_utf_8(self) -> None:
        assert Message("p", {}, "日本".encode()).to_text().endswith("\r\n\r\n日本")


class TestReadingText:
    def test_spaces_around_a_value_do_not_belong_to_it(self) -> None:
        assert parse_text("Path: speech.config \r\n\r\n").path == "speech.config"

    def test_a_value_may_hold_colons(self) -> None:
        assert parse_text("Path:p\r\nX-Timestamp:10:11:12\r\n\r\n").headers["X-Timestamp"] == "10:11:12"

    def test_blank_lines_in_the_body_stay_in_the_body(self) -> None:
        assert parse_text("Path:p\r\n\r\na\r\n\r\nb").body == b"a\r\n\r\nb"

    def test_the_path_is_not_among_the_headers(self) -> None:
        assert parse_text("Path:p\r\nA:b\r\n\r\n").headers == {"A": "b"}

    @pytest.mark.parametrize(
        ("frame", "complaint"),
        [
            pytest.param("", "blank line", id="empty"),
            pytest.param("Path:p\r\n", "blank line", id="no blank line"),
            pytest.param("Path:p\r\nnonsense\r\n\r\n", "colon", id="line without a colon"),
            pytest.param("X-RequestId:r1\r\n\r\n{}", "Path", id="no path"),
            pytest.param("Path:\r\n\r\n{}", "Path", id="empty path"),
        ],
    )
    def test_a_malformed_text_is_refused_with_the_reason(self, frame: str, complaint: str) -> None:
        with pytest.raises(WireError, match=complaint):
            parse_text(frame)


class TestReadingBinary:
    def test_a_payload_may_be_empty(self) -> None:
        assert parse_binary(b"\x00\x0cPath:audio\r\n") == Message("audio", {}, b"")

    def test_headers_may_be_closed_by_a_blank_line(self) -> None:
        assert parse_binary(b"\x00\x0ePath:audio\r\n\r\nxy").body == b"xy"

    @pytest.mark.parametrize(
        ("frame", "complaint"),
        [
            pytest.param(b"", "shorter", id="empty"),
            pytest.param(b"\x00", "shorter", id="half a length"),
            pytest.param(b"\x00\x20Path:audio\r\n", "shorter", id="headers cut off"),
            pytest.param(b"\x00\x02\xff\xfe", "UTF-8", id="headers not UTF-8"),
            pytest.param(b"\x00\x00payload", "Path", id="no headers"),
        ],
    )
    def test_malformed_bytes_are_refused_with_the_reason(self, frame: bytes, complaint: str) -> None:
        with pytest.raises(WireError, match=complaint):
            parse_binary(frame)


class TestMessage:
    def test_half_an_emoji_in_a_text_is_escaped(self) -> None:
        body = json_body({"Text": "\ud83d é \N{GRINNING FACE}"})
        assert body == '{"Text": "\\ud83d é \N{GRINNING FACE}"}'.encode()
        assert Message("a.path", {}, body).to_text().endswith("}")

    def test_it_belongs_to_the_turn_of_its_request_id(self) -> None:
        assert Message("p", {"X-RequestId": "r1"}).request_id == "r1"

    def test_it_may_belong_to_no_turn(self) -> None:
        assert Message("p").request_id == ""

    def test_its_body_can_be_read_as_a_json_object(self) -> None:
        assert Message("p", {}, b'{"a": 1}').json() == {"a": 1}

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"1", b"[" * 100_000])
    def test_a_body_that_is_no_json_object_is_refused_by_name(self, body: bytes) -> None:
        with pytest.raises(WireError, match=r"speech\.context"):
            Message("speech.context", {}, body).json()
