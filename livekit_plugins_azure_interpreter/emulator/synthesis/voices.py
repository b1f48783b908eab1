"""The voices that the emulator lists: some of Azure's hundreds."""

from __future__ import annotations

from functools import cache
from typing import Any

_LOCALES = {
    "ar-EG": "Arabic (Egypt)",
    "cs-CZ": "Czech (Czechia)",
    "de-DE": "German (Germany)",
    "en-GB": "English (United Kingdom)",
    "en-US": "English (United States)",
    "es-ES": "Spanish (Spain)",
    "es-MX": "Spanish (Mexico)",
    "fr-CA": "French (Canada)",
    "fr-FR": "French (France)",
    "hi-IN": "Hindi (India)",
    "it-IT": "Italian (Italy)",
    "ja-JP": "Japanese (Japan)",
    "ko-KR": "Korean (Korea)",
    "nl-NL": "Dutch (Netherlands)",
    "pl-PL": "Polish (Poland)",
    "pt-BR": "Portuguese (Brazil)",
    "ru-RU": "Russian (Russia)",
    "sv-SE": "Swedish (Sweden)",
    "tr-TR": "Turkish (Türkiye)",
    "uk-UA": "Ukrainian (Ukraine)",
    "vi-VN": "Vietnamese (Vietnam)",
    "zh-CN": "Chinese (Mandarin, Simplified)",
}
_VOICES = """
ar-EG-SalmaNeural Female سلمى
ar-EG-ShakirNeural Male شاكر
cs-CZ-VlastaNeural Female Vlasta
cs-CZ-AntoninNeural Male Antonín
de-DE-KatjaNeural Female Katja
de-DE-ConradNeural Male Conrad
de-DE-SeraphinaMultilingualNeural Female Seraphina
de-DE-FlorianMultilingualNeural Male Florian
en-GB-SoniaNeural Female Sonia
en-GB-RyanNeural Male Ryan
en-US-AvaMultilingualNeural Female Ava
en-US-AndrewMultilingualNeural Male Andrew
en-US-EmmaMultilingualNeural Female Emma
en-US-BrianMultilingualNeural Male Brian
en-US-JennyNeural Female Jenny
en-US-GuyNeural Male Guy
en-US-AriaNeural Female Aria
es-ES-ElviraNeural Female Elvira
es-ES-AlvaroNeural Male Álvaro
es-MX-DaliaNeural Female Dalia
es-MX-JorgeNeural Male Jorge
fr-CA-SylvieNeural Female Sylvie
fr-CA-JeanNeural Male Jean
fr-FR-DeniseNeural Female Denise
fr-FR-HenriNeural Male Henri
fr-FR-VivienneMultilingualNeural Female Vivienne
fr-FR-RemyMultilingualNeural Male Rémy
hi-IN-SwaraNeural Female स्वरा
hi-IN-MadhurNeural Male मधुर
it-IT-ElsaNeural Female Elsa
it-IT-DiegoNeural Male Diego
ja-JP-NanamiNeural Female 七海
ja-JP-KeitaNeural Male 圭太
ko-KR-SunHiNeural Female 선히
ko-KR-InJoonNeural Male 인준
nl-NL-FennaNeural Female Fenna
nl-NL-MaartenNeural Male Maarten
pl-PL-AgnieszkaNeural Female Agnieszka
pl-PL-MarekNeural Male Marek
pt-BR-FranciscaNeural Female Francisca
pt-BR-AntonioNeural Male Antônio
ru-RU-SvetlanaNeural Female Светлана
ru-RU-DmitryNeural Male Дмитрий
sv-SE-SofieNeural Female Sofie
sv-SE-MattiasNeural Male Mattias
tr-TR-EmelNeural Female Emel
tr-TR-AhmetNeural Male Ahmet
uk-UA-PolinaNeural Female Поліна
uk-UA-OstapNeural Male Остап
vi-VN-HoaiMyNeural Female Hoài My
vi-VN-NamMinhNeural Male Nam Minh
zh-CN-XiaoxiaoNeural Female 晓晓
zh-CN-YunxiNeural Male 云希
zh-CN-XiaoxiaoMultilingualNeural Female 晓晓
"""
"""Each: its short name, its gender, its name as its speakers write it."""
_PERSONAL_MODELS = ("DragonLatestNeural", "PhoenixLatestNeural")
_WORDS_PER_MINUTE = 150


@cache
def voice_list() -> list[dict[str, Any]]:
    """The answer to `voices/list`."""
    listed = [_voice(*line.split(maxsplit=2)) for line in _VOICES.strip().splitlines()]
    return [*listed, *map(_personal_model, _PERSONAL_MODELS)]


def _voice(short_name: str, gender: str, local_name: str) -> dict[str, Any]:
    language, region, name = short_name.split("-")
    locale = f"{language}-{region}"
    display_name = name.removesuffix("Neural").replace("Multilingual", " Multilingual")
    entry = _entry(short_name, locale, name, gender=gender, display_name=display_name, local_name=local_name)
    if "Multilingual" in name:
        entry["SecondaryLocaleList"] = [other for other in _LOCALES if other != locale]
    return entry


def _personal_model(name: str) -> dict[str, Any]:
    """A base model for personal voices; it speaks only with the profile of a speaker."""
    return _entry(name, "en-US", name, gender="Neutral", display_name=name, local_name=name)


def _entry(
    short_name: str, locale: str, name: str, *, gender: str, display_name: str, local_name: str
) -> dict[str, Any]:
    return {
        "Name": f"Microsoft Server Speech Text to Speech Voice ({locale}, {name})",
        "DisplayName": display_name,
        "LocalName": local_name,
        "ShortName": short_name,
        "Gender": gender,
        "Locale": locale,
        "LocaleName": _LOCALES[locale],
        "SampleRateHertz": "48000" if "Multilingual" not in name else "24000",
        "VoiceType": "Neural",
        "Status": "GA",
        "WordsPerMinute": str(_WORDS_PER_MINUTE),
    }
