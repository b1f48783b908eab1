"""Measures how far a translation is behind the words of the speaker. Pure.

All times are in seconds from the first word of the speaker.
"""

from __future__ import annotations

from collections.abc import Sequence


def average_lagging_seconds(given_at: Sequence[float], speech_seconds: float) -> float:
    """Average lagging (Ma et al. 2019), in seconds of speech instead of words.

    It is how far the words are behind those of an interpreter who says every word at once. What is given out
    after the end of the speech comes at once, so only the first word of it counts.

    Args:
        given_at: When each word of the translation was given out.
        speech_seconds: How long the speech was.
    """
    lags = []
    for lag, at in zip(ear_voice_spans(given_at, speech_seconds), given_at, strict=True):
        lags.append(lag)
        if at >= speech_seconds:
            break
    return sum(lags) / len(lags) if lags else 0.0


def ear_voice_spans(said_at: Sequence[float], speech_seconds: float) -> list[float]:
    """How far each word of the translation is behind the word that it translates.

    Which word that is nobody knows, so the words of the translation are spread evenly over the speech.

    Args:
        said_at: When each word of the translation was given out, or was heard.
        speech_seconds: How long the speech was.
    """
    step = speech_seconds / max(1, len(said_at))
    return [at - number * step for number, at in enumerate(said_at)]
