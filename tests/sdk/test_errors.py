"""One table from cancellation codes to LiveKit's errors."""

from __future__ import annotations

import azure.cognitiveservices.speech as speechsdk
import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from livekit_plugins_azure_interpreter._sdk.errors import to_api_error
from livekit_plugins_azure_interpreter._sdk.events import CALLBACK_FAILED, TIMED_OUT, Failed

STATUS = {
    "AuthenticationFailure": 401,
    "BadRequest": 400,
    "Forbidden": 403,
    "TooManyRequests": 429,
    "ServiceTimeout": 408,
    "ServiceError": 500,
    "ServiceUnavailable": 503,
}
REDIRECTS = ["ServiceRedirectTemporary", "ServiceRedirectPermanent"]
CONNECTION = ["ConnectionFailure", "RuntimeError", "SomethingNew", "", *REDIRECTS]
FINAL = {"AuthenticationFailure", "BadRequest", "Forbidden", *REDIRECTS}
CODES = [*STATUS, *CONNECTION]


@pytest.mark.parametrize(("code", "status"), STATUS.items())
def test_a_refusal_has_its_status(code: str, status: int) -> None:
    error = to_api_error(Failed(code, ""))
    assert isinstance(error, APIStatusError)
    assert error.status_code == status


@pytest.mark.parametrize("code", CONNECTION)
def test_a_fault_of_the_network_or_an_unknown_one_is_a_connection_error(code: str) -> None:
    assert type(to_api_error(Failed(code, ""))) is APIConnectionError


@pytest.mark.parametrize("code", CODES)
def test_a_lasting_refusal_alone_is_not_retried(code: str) -> None:
    assert to_api_error(Failed(code, "")).retryable is (code not in FINAL)


@pytest.mark.parametrize("code", CODES)
def test_the_message_names_the_code_but_not_the_sdks_words(code: str) -> None:
    message = str(to_api_error(Failed(code, "wss://host/?key=SECRET")))
    assert f"({code})" in message
    assert "SECRET" not in message


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("AuthenticationFailure", ["speech_key", "AZURE_SPEECH_KEY", "speech_region", "AZURE_SPEECH_REGION"]),
        ("BadRequest", ["target_languages", "source_languages", "voice"]),
        ("ConnectionFailure", ["speech_region", "speech_endpoint"]),
    ],
)
def test_the_message_says_what_to_check(code: str, names: list[str]) -> None:
    message = str(to_api_error(Failed(code, "")))
    assert [name for name in names if name not in message] == []


def test_an_error_of_the_bridge_keeps_its_words_and_is_retried() -> None:
    error = to_api_error(Failed(TIMED_OUT, "no connection within 10 s"))
    assert type(error) is APITimeoutError
    assert (error.message, error.retryable) == ("no connection within 10 s", True)


@pytest.mark.parametrize(("session_id", "request_id"), [("session-1", "session-1"), ("", None)])
def test_the_session_is_what_the_error_is_traced_by(session_id: str, request_id: str | None) -> None:
    error = to_api_error(Failed("ServiceError", ""), session_id=session_id)
    assert isinstance(error, APIStatusError)
    assert error.request_id == request_id


@pytest.mark.parametrize(
    "code", [code.name for code in speechsdk.CancellationErrorCode if code.name != "NoError"]
)
def test_every_code_of_the_sdk_becomes_an_error_of_livekit(code: str) -> None:
    assert isinstance(to_api_error(Failed(code, "")), APIError)


def test_fresh_credentials_make_a_refusal_of_the_old_ones_worth_another_attempt() -> None:
    error = to_api_error(Failed("AuthenticationFailure", ""), renewed=True)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (401, True)


@pytest.mark.parametrize("code", sorted(FINAL - {"AuthenticationFailure"}))
def test_fresh_credentials_change_nothing_else(code: str) -> None:
    assert not to_api_error(Failed(code, ""), renewed=True).retryable


@pytest.mark.parametrize(
    ("code", "close", "kind"),
    [
        ("ConnectionFailure", 1002, APIConnectionError),
        ("ConnectionFailure", 4000, APIConnectionError),
        ("TooManyRequests", 4429, APIStatusError),
    ],
)
def test_a_connection_that_was_closed_is_made_again(code: str, close: int, kind: type[APIError]) -> None:
    details = f"Connection was closed by the remote host. Error code: {close}. Error details: SECRET"
    error = to_api_error(Failed(code, details))
    assert type(error) is kind
    assert error.retryable
    assert f"({code}, close {close})" in str(error)
    assert "SECRET" not in str(error)


def test_azures_own_session_id_is_preferred() -> None:
    session = "0123456789abcdef" * 2
    error = to_api_error(Failed("ServiceError", f"it broke. SessionId: {session}"), session_id="ours")
    assert isinstance(error, APIStatusError)
    assert error.request_id == session


def closed_with(reason: str, code: int = 1007) -> Failed:
    session = "SessionId: " + "0123456789abcdef" * 2
    words = f"closed by the remote host. Error code: {code}. Error details: {reason} {session}"
    return Failed("BadRequest", f"Connection was {words}")


class TestRefusal:
    """Close 1007."""

    @pytest.mark.parametrize("reason", ["", "Unsupported audio format", "Language 'xx-YY' is unknown"])
    def test_a_refusal_is_final_and_says_why_and_what_to_check(self, reason: str) -> None:
        error = to_api_error(closed_with(reason))
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (400, False)
        assert all(name in str(error) for name in ("source_languages", "sample_rate", reason))

    def test_a_refusal_after_an_answer_is_worth_another_attempt(self) -> None:
        assert to_api_error(closed_with("generic"), answered=True).retryable

    def test_a_custom_model_on_a_wrong_resource_is_final_and_says_which_it_needs(self) -> None:
        reason = "Translation custom models require CognitiveServices / AIServices resources."
        error = to_api_error(closed_with(reason), answered=True)
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (400, False)
        assert error.message.startswith("Azure refused translation_category: ")
        assert reason in str(error)

    @pytest.mark.parametrize(
        ("reason", "named"), [("audio.commit is not supported.", True), ("Quota exceeded. Cid: ", False)]
    )
    def test_a_refusal_names_a_flush_that_may_be_its_cause(self, reason: str, named: bool) -> None:
        assert ("manual_flush" in str(to_api_error(closed_with(reason), manual_flush=True))) == named
        assert "manual_flush" not in str(to_api_error(closed_with(reason)))

    @pytest.mark.parametrize("speaking", [False, True])
    @pytest.mark.parametrize(
        ("reason", "status", "retryable"),
        [
            ("Quota exceeded. Cid: ", 403, False),
            ("Throttled due to too many requests", 429, True),
        ],
    )
    def test_a_quota_and_too_many_requests_are_the_errors_of_these(
        self, reason: str, status: int, retryable: bool, speaking: bool
    ) -> None:
        error = to_api_error(closed_with(reason), speaking=speaking, answered=True)
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (status, retryable)

    def test_a_reason_is_told_without_what_may_be_a_secret_or_somebodys_words(self) -> None:
        message = str(to_api_error(closed_with("No 'good morning' at wss://host/?key=SECRET")))
        assert "No ... at ..." in message
        assert "SECRET" not in message


@pytest.mark.parametrize("speaking", [False, True])
@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("ServiceError", 404, "Internal service error"),
        ("BadRequest", 415, "Unsupported media type"),
        ("NoError", 499, "Request closed by client"),
    ],
)
def test_a_handshake_that_is_refused_for_good_is_final(
    code: str, status: int, words: str, speaking: bool
) -> None:
    details = f"WebSocket upgrade failed: {words} ({status}). Error Details: wss://host/?key=SECRET"
    error = to_api_error(Failed(code, details), speaking=speaking)
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.retryable) == (status, False)
    assert "speech_endpoint" in str(error)
    assert "SECRET" not in str(error)


class TestSpeaking:
    @pytest.mark.parametrize(
        "failed",
        [
            Failed("BadRequest", ""),
            Failed(
                "BadRequest", "Connection was closed by the remote host. Error code: 1007. Error details: x"
            ),
        ],
    )
    def test_a_refused_text_is_about_the_voice_and_final(self, failed: Failed) -> None:
        error = to_api_error(failed, speaking=True)
        assert isinstance(error, APIStatusError)
        assert (error.status_code, error.retryable) == (400, False)
        assert all(name in str(error) for name in ("voice", "model", "speaker_profile_id", "language"))
        assert "target_languages" not in str(error)

    @pytest.mark.parametrize("code", ["AuthenticationFailure", "ConnectionFailure", "TooManyRequests"])
    def test_other_failures_are_those_of_a_recognizer(self, code: str) -> None:
        failed = Failed(code, "")
        assert str(to_api_error(failed, speaking=True)) == str(to_api_error(failed))


def test_an_error_of_a_callback_names_its_kind() -> None:
    assert f"({CALLBACK_FAILED}, KeyError)" in str(to_api_error(Failed(CALLBACK_FAILED, "KeyError")))


def test_a_handshake_that_is_refused_otherwise_is_the_error_of_its_code() -> None:
    details = "WebSocket upgrade failed: Bad gateway (502). Error Details: wss://host/"
    assert str(to_api_error(Failed("ServiceError", details))) == str(to_api_error(Failed("ServiceError", "")))
