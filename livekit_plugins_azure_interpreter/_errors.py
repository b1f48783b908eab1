"""One table from the Azure SDK's cancellation codes to LiveKit's errors."""

from __future__ import annotations

from dataclasses import dataclass

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

from ._events import TIMED_OUT, Failed


@dataclass(frozen=True)
class _Meaning:
    status: int | None
    retryable: bool
    advice: str


_MEANINGS = {
    "AuthenticationFailure": _Meaning(
        401,
        False,
        "Azure refused the credentials: check speech_key (AZURE_SPEECH_KEY) or the token, and that they "
        "belong to speech_region (AZURE_SPEECH_REGION) or speech_endpoint (AZURE_SPEECH_ENDPOINT)",
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
    "TooManyRequests": _Meaning(
        429, True, "too many concurrent streams for the Speech resource (F0: 1, S0: 100); ask Azure for more"
    ),
    "ConnectionFailure": _Meaning(
        None, True, "Azure could not be reached: check the network, speech_region and speech_endpoint"
    ),
    "ServiceTimeout": _Meaning(408, True, "Azure did not answer in time"),
    "ServiceError": _Meaning(500, True, "Azure reported an error of its own"),
    "ServiceUnavailable": _Meaning(503, True, "Azure is not available at the moment"),
    "RuntimeError": _Meaning(None, True, "the Azure Speech SDK failed"),
}
_UNKNOWN = _Meaning(None, True, "the Azure Speech SDK gave up")


def to_api_error(failed: Failed, *, session_id: str = "") -> APIError:
    """The error that LiveKit retries, or does not, for a recognizer that gave up.

    The SDK's own words are left out of the message: an endpoint that they quote can carry a secret.
    """
    if failed.code == TIMED_OUT:
        return APITimeoutError(failed.details)
    meaning = _MEANINGS.get(failed.code, _UNKNOWN)
    message = f"{meaning.advice} ({failed.code})"
    if meaning.status is None:
        return APIConnectionError(message, retryable=meaning.retryable)
    return APIStatusError(
        message, status_code=meaning.status, request_id=session_id or None, retryable=meaning.retryable
    )
