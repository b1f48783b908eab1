"""Who may import whom: the architecture, read from the source."""

from __future__ import annotations

import re
from functools import cache

import pytest
from architecture import EXAMPLES, TESTS, Architecture, Path, subjectless_tests
from fakes.findings import assert_none

import livekit_plugins_azure_interpreter

PUBLIC = {
    "",
    "agent",
    "credentials",
    "log",
    "meeting",
    "meeting_watch",
    "options",
    "personal_voice",
    "reports",
    "speech_resources",
    "stt",
    "tracing",
    "translation",
    "tts",
    "version",
}
# What each room may import: other rooms, and modules of the root.
ALLOWED = {
    "_voices": "",
    "_sound": "",
    "_livekit_private": "",
    "_within": "",
    "_preload": "_sdk _simultaneous meeting personal_voice",
    "_options": "",
    "_sdk": "_options _sound credentials log options",
    "_fleet": "_within credentials log",
    "_recognition": (
        "_fleet _livekit_private _options _sdk _simultaneous _sound _voices _within log options reports"
    ),
    "_speaking": "_fleet _livekit_private _options _sdk _sound _voices credentials options",
    "_simultaneous": "_speaking",
    "_interpreting": "_fleet _livekit_private _recognition _sound _speaking _voices _within log stt tts",
    "_meeting": (
        "_fleet _interpreting _livekit_private _options _sound _speaking _voices _within log options "
        "record reports speech_resources stt tts"
    ),
    "record": "_options _voices _within log reports",
    "emulator": "",
    "web": "_fleet _within meeting meeting_watch personal_voice record",
}


@cache
def house() -> Architecture:
    return Architecture.read(Path(livekit_plugins_azure_interpreter.__file__).parent)


def test_the_root_holds_the_public_modules_only() -> None:
    assert {name for name in house().modules if not house().room(name)} == PUBLIC


def test_no_modules_import_each_other() -> None:
    assert house().circles() == []


def test_a_room_imports_only_what_it_may_know() -> None:
    rooms = {name: house().room(name) for name in house().modules}
    assert_none(
        f"{module} imports {target}"
        for module, target in house().edges()
        if rooms[module]  # the root may import any
        and rooms[target] != rooms[module]
        and (rooms[target] or target) not in ALLOWED[rooms[module]].split()
    )


def test_every_room_has_its_directions() -> None:
    assert {house().room(name) for name in house().modules} - {""} == set(ALLOWED)


def test_the_page_on_the_architecture_has_these_directions() -> None:
    page = Path(__file__).parents[1] / "docs" / "architecture.md"
    rows = re.findall(r"^\| `(\w+)` \| .+ \|(.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {room: re.findall(r"\w+", imported) for room, imported in rows} == {
        room: imported.split() for room, imported in ALLOWED.items()
    }


def test_no_class_touches_what_is_private_to_another() -> None:
    assert_none(touch for module in house().modules.values() for touch in module.private_touches())


def test_one_room_alone_imports_the_azure_sdk() -> None:
    users = {name for name, foreign in house().foreign.items() if any(map(_is_azure_speech, foreign))}
    assert {house().room(name) for name in users} - {""} == {"_sdk"}


def test_the_ledger_and_all_around_it_are_pure() -> None:
    for name, foreign in house().foreign.items():
        if house().room(name) in ("_voices", "_simultaneous"):
            assert not {one.split(".")[0] for one in foreign} & {"asyncio", "azure", "livekit", "threading"}


def test_every_test_names_its_subject() -> None:
    package = Path(livekit_plugins_azure_interpreter.__file__).parent
    assert subjectless_tests(TESTS, package, EXAMPLES) == []


@pytest.mark.parametrize(
    ("test", "is_found"),
    [
        ("def test_a_voice_ends(): ...", False),
        ("def test_but_not_for_ever(): ...", True),
        ("def test_what_was_said_is_heard(): ...", True),
        ("def test_in_mid_voice(): ...", True),
        ("def test_it_ends(): ...", True),
        ("class TestClosing:\n    def test_it_ends(self): ...", True),
        ("class TestLedger:\n    def test_it_ends(self): ...", False),
        ("class TestLedger:\n    async def test_where_it_ends(self): ...", True),
    ],
)
def test_a_test_name_without_a_subject_is_found(tmp_path: Path, test: str, is_found: bool) -> None:
    (tmp_path / "ledger.py").write_text("class Ledger: ...", encoding="utf-8")
    (tmp_path / "test_it.py").write_text(test, encoding="utf-8")
    assert bool(subjectless_tests(tmp_path, tmp_path)) is is_found


def _is_azure_speech(name: str) -> bool:
    return name.startswith("azure.cognitiveservices")
