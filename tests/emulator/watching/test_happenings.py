from __future__ import annotations

from livekit_plugins_azure_interpreter.emulator.watching.happenings import Answered, Happening, Watch


def test_watchers_are_told_in_order() -> None:
    told: list[tuple[str, Happening]] = []
    watch = Watch(lambda one: told.append(("first", one)), lambda one: told.append(("second", one)))
    happening = Answered(method="GET", path="/", status=404)
    watch(happening)
    assert told == [("first", happening), ("second", happening)]
