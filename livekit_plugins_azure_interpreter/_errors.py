"""One table from what the Azure SDK gave up with to LiveKit's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from ._events import CALLBACK_FAILED, RESULT_LOST, TIMED_OUT, Failed


@dataclass(frozen=True)
class _Meaning:
    status: int | None
    retryable: bool
    advice: str


_TOO_MANY = _Meaning(
    429, True, "too many concurrent streams for the Speech resource (F0: 1, S0: 100); ask Azure for more"
)
_UNREACHABLE = _Meaning(
    None, True, "Azure could not be reached: check the network, speech_region and speech_endpoint"
)
_REDIRECTED = _Meaning(
    None, False, "Azure serves this resource at another address: check speech_region and speech_endpoint"
)
# By the SDK's CancellationErrorCode.
_CODES = {
    RESULT_LOST: _Meaning(
        None, True, "Azure gave an utterance a voice, but no result that can be read; its audio is sent again"
    ),
    CALLBACK_FAILED: _Meaning(
        None, True, "an event of the Azure Speech SDK could not be read; audio without a result is sent again"
    ),
    "AuthenticationFailure": _Meaning(
        401,
        False,
        "Azure refused the credentials: check speech_key (AZURE_SPEECH_KEY) or the token, and that they "
        "belong to speech_region (AZURE_SPEECH_REGION) or speech_endpoint (AZURE_SPEECH_ENDPOINT); who comes "
        "by token_credential needs the role Cognitive Services Speech User",
    ),
    "BadRequest": _Meaning(
        400,
        False,
        "Azure refused the request: check target_languages, source_languages and voice, and that the "
        "endpoint is /speech/universal/v2 in a region that has the Live Interpreter",
    ),
    "Forbidden": _Meaning(
        403, False, "Azure refused access: check the quota of the Speech resource, and what it may use"
    ),
    "TooManyRequests": _TOO_MANY,
    "ConnectionFailure": _UNREACHABLE,
    "ServiceTimeout": _Meaning(408, True, "Azure did not answer in time"),
    "ServiceError": _Meaning(500, True, "Azure reported an error of its own"),
    "ServiceUnavailable": _Meaning(503, True, "Azure is not available at the moment"),
    "RuntimeError": _Meaning(None, True, "the Azure Speech SDK failed"),
    "ServiceRedirectTemporary": _REDIRECTED,
    "ServiceRedirectPermanent": _REDIRECTED,
}
# By the code of the WebSocket's close, where the SDK's own says less: 1007 it calls a BadRequest, as it
# does a request that can never succeed. Codes that are not here it deals with itself.
_CLOSES = {
    "1002": _Meaning(None, True, "Azure closed the connection over its protocol"),
    "1007": _Meaning(None, True, "Azure closed the connection over a message that it could not read"),
    "4000": _Meaning(None, True, "Azure closed the connection"),
    "4429": _TOO_MANY,
}
# What a synthesizer is asked for is another matter than what a recognizer is.
_REFUSED_TEXT = _Meaning(
    400,
    False,
    "Azure refused to speak: check voice, or model and speaker_profile_id, and language; and that the region "
    "has the voice, and the Speech resource may use personal voice",
)
_SPEAKING_CODES = {**_CODES, "BadRequest": _REFUSED_TEXT}
_SPEAKING_CLOSES = {**_CLOSES, "1007": _REFUSED_TEXT}
_UNKNOWN = _Meaning(None, True, "the Azure Speech SDK gave up")

_CLOSED = re.compile(r"closed by the remote host\. Error code: (\d{4})\b")
_SESSION = re.compile(r"\bSessionId: ([0-9a-f]{32})\b")


def to_api_error(
    failed: Failed, *, session_id: str = "", renewed: bool = False, speaking: bool = False
) -> APIError:
    """The error that LiveKit retries, or does not, for a recognizer or synthesizer that gave up.

    The SDK's own words are left out of the message: an endpoint that they quote can carry a secret.

    Args:
        failed: What the recognizer reported.
        session_id: What Azure's support asks for, where the SDK does not tell it.
        renewed: The next attempt has fresh credentials, so that a refusal of these is not final.
        speaking: It was a synthesizer.
    """
    if failed.code == TIMED_OUT:
        return APITimeoutError(failed.details)
    closed = _CLOSED.search(failed.details)
    codes, closes = (_SPEAKING_CODES, _SPEAKING_CLOSES) if speaking else (_CODES, _CLOSES)
    meaning = closes.get(closed[1]) if closed else None
    meaning = meaning or codes.get(failed.code, _UNKNOWN)
    reason = failed.code
    if closed:
        reason = f"{failed.code}, close {closed[1]}"
    elif failed.code == CALLBACK_FAILED:
        reason = f"{failed.code}, {failed.details}"
    message = f"{meaning.advice} ({reason})"
    retryable = meaning.retryable or (renewed and failed.code == "AuthenticationFailure")
    if meaning.status is None:
        return APIConnectionError(message, retryable=retryable)
    session = _SESSION.search(failed.details)
    error = APIStatusError(
        message, status_code=meaning.status, request_id=session[1] if session else session_id or None
    )
    error.retryable = retryable  # the constructor takes every 401 for final
    return error
