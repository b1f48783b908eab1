"""Maps errors of the Azure SDK to LiveKit's errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from .events import CALLBACK_FAILED, PLACE_LOST, RESULT_LOST, TIMED_OUT, Failed
from .reasons import redact


@dataclass(frozen=True)
class _ErrorMeaning:
    status: int | None
    retryable: bool
    advice: str


_TOO_MANY = _ErrorMeaning(
    429, True, "too many concurrent streams for the Speech resource (F0: 1, S0: 100); ask Azure for more"
)
_UNREACHABLE = _ErrorMeaning(
    None, True, "Azure could not be reached: check the network, speech_region and speech_endpoint"
)
_QUOTA = _ErrorMeaning(
    403, False, "Azure refused access: check the quota and the permissions of the Speech resource"
)
_REDIRECTED = _ErrorMeaning(
    None, False, "Azure serves this resource at another address: check speech_region and speech_endpoint"
)
# By the SDK's CancellationErrorCode.
_CODES = {
    RESULT_LOST: _ErrorMeaning(
        None, True, "Azure sent a voice for an utterance, but no readable result; its audio is sent again"
    ),
    CALLBACK_FAILED: _ErrorMeaning(
        None, True, "an event of the Azure Speech SDK could not be read; audio without a result is sent again"
    ),
    PLACE_LOST: _ErrorMeaning(
        None,
        True,
        "another process has the place of this stream at the Azure resource, because its lease was not "
        "renewed in time; audio without a result is sent again",
    ),
    "AuthenticationFailure": _ErrorMeaning(
        401,
        False,
        "Azure refused the credentials: check speech_key (AZURE_SPEECH_KEY) or the token, and that they "
        "belong to speech_region (AZURE_SPEECH_REGION) or speech_endpoint (AZURE_SPEECH_ENDPOINT); with "
        "token_credential, the identity needs the role Cognitive Services Speech User",
    ),
    "BadRequest": _ErrorMeaning(
        400,
        False,
        "Azure refused the request: check target_languages, source_languages and voice, and that the "
        "endpoint is /speech/universal/v2 in a region that has the Live Interpreter",
    ),
    "Forbidden": _QUOTA,
    "TooManyRequests": _TOO_MANY,
    "ConnectionFailure": _UNREACHABLE,
    "ServiceTimeout": _ErrorMeaning(408, True, "Azure did not answer in time"),
    "ServiceError": _ErrorMeaning(500, True, "Azure reported an error of its own"),
    "ServiceUnavailable": _ErrorMeaning(503, True, "Azure is not available at the moment"),
    "RuntimeError": _ErrorMeaning(None, True, "the Azure Speech SDK failed"),
    "ServiceRedirectTemporary": _REDIRECTED,
    "ServiceRedirectPermanent": _REDIRECTED,
}
_REFUSED = _ErrorMeaning(
    400,
    False,
    "Azure closed the connection and refuses the request: check source_languages, target_languages, voice, "
    "sample_rate and the segmentation options",
)
# By the close code of the WebSocket, which says more than the SDK's code. Azure refuses for good with 1007,
# but sometimes sends it without cause. The SDK handles all other codes itself.
_CLOSES = {
    "1002": _ErrorMeaning(None, True, "Azure closed the connection because of a protocol error"),
    "1007": _REFUSED,
    "4000": _ErrorMeaning(None, True, "Azure closed the connection"),
    "4429": _TOO_MANY,
}
_WRONG_RESOURCE = _ErrorMeaning(
    400,
    False,
    "Azure refused translation_category: a custom translation model needs a multi-service resource (kind "
    "CognitiveServices or AIServices), not a Speech resource; give its key and region",
)
# By the words of a close with 1007, for which there is no code.
_CLOSE_REASONS = (
    (re.compile("translation custom model", re.IGNORECASE), _WRONG_RESOURCE),
    (re.compile("quota", re.IGNORECASE), _QUOTA),
    (re.compile("throttl|too many|concurrent", re.IGNORECASE), _TOO_MANY),
)
# By the HTTP status of the handshake, which says more than the SDK's code.
_STATUSES = {
    "404": _ErrorMeaning(
        404,
        False,
        "Azure has no such path at that endpoint: check speech_endpoint (AZURE_SPEECH_ENDPOINT); one that is "
        "copied from the Azure portal lacks /stt/speech/universal/v2. Or give speech_region instead",
    ),
    "415": _ErrorMeaning(
        415, False, "Azure does not accept this kind of request: check speech_endpoint and voice"
    ),
    "499": _ErrorMeaning(
        499, False, "Azure says that its client closed the connection: check speech_endpoint"
    ),
}
_FLUSH_ADVICE = "; or it does not end utterances on request: leave out manual_flush"
# A refused synthesizer needs other advice than a refused recognizer.
_REFUSED_TEXT = _ErrorMeaning(
    400,
    False,
    "Azure refused to speak: check voice, or model and speaker_profile_id, and language; and that the region "
    "has the voice, and the Speech resource may use personal voice",
)
_SPEAKING_CODES = {**_CODES, "BadRequest": _REFUSED_TEXT}
_SPEAKING_CLOSES = {**_CLOSES, "1007": _REFUSED_TEXT}
_UNKNOWN = _ErrorMeaning(None, True, "the Azure Speech SDK gave up")

_CLOSED = re.compile(
    r"closed by the remote host\. Error code: (\d{4})\b(?:\. Error details: (.*?)(?: SessionId: |$))?",
    re.DOTALL,
)
_REFUSED_HANDSHAKE = re.compile(r"WebSocket upgrade failed: [^(\n]*\((\d{3})\)")
_SESSION = re.compile(r"\bSessionId: ([0-9a-f]{32})\b")


def to_api_error(
    failed: Failed,
    *,
    session_id: str = "",
    renewed: bool = False,
    speaking: bool = False,
    answered: bool = False,
    manual_flush: bool = False,
) -> APIError:
    """Map a failure of a recognizer or synthesizer to LiveKit's error, which says whether to retry.

    The message omits the SDK's text, because an endpoint in it can contain a secret.

    Args:
        failed: The failure that was reported.
        session_id: The id that Azure's support asks for; used if the SDK's text does not contain it.
        renewed: The next attempt has fresh credentials, so that a refusal of these is not final.
        speaking: A synthesizer failed, not a recognizer.
        answered: The service has served the same request before, so that a refusal is worth another attempt.
        manual_flush: The service was asked to end utterances on request, which it may refuse.
    """
    if failed.code == TIMED_OUT:
        return APITimeoutError(failed.details)
    meaning, reason = _meaning(failed, speaking=speaking)
    advice = meaning.advice + (_FLUSH_ADVICE if manual_flush and meaning.status == 400 else "")
    message = f"{advice} ({reason})"
    retryable = meaning.retryable or (renewed and failed.code == "AuthenticationFailure")
    retryable = retryable or (answered and meaning is _REFUSED)
    if meaning.status is None:
        return APIConnectionError(message, retryable=retryable)
    session = _SESSION.search(failed.details)
    error = APIStatusError(
        message, status_code=meaning.status, request_id=session[1] if session else session_id or None
    )
    error.retryable = retryable  # the constructor makes every 401 final
    return error


def _meaning(failed: Failed, *, speaking: bool) -> tuple[_ErrorMeaning, str]:
    """The meaning of a failure, and its code with the service's reason, if there is one."""
    codes = _SPEAKING_CODES if speaking else _CODES
    meaning = codes.get(failed.code, _UNKNOWN)
    if failed.code == CALLBACK_FAILED:
        return meaning, f"{failed.code}, {failed.details}"
    if closed := _CLOSED.search(failed.details):
        code, words = closed[1], closed[2] or ""
        closes = _SPEAKING_CLOSES if speaking else _CLOSES
        meaning = closes.get(code, meaning)
        if code != "1007":
            return meaning, f"{failed.code}, close {code}"
        meaning = next((found for pattern, found in _CLOSE_REASONS if pattern.search(words)), meaning)
        reason = redact(words)
        return meaning, f"{failed.code}, close {code}" + (f": {reason}" if reason else "")
    if refused := _REFUSED_HANDSHAKE.search(failed.details):
        status = refused[1]
        if found := _STATUSES.get(status):
            return found, f"HTTP {status}"
    return meaning, failed.code
