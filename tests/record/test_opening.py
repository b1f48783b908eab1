from __future__ import annotations

from pathlib import Path

import pytest

from livekit_plugins_azure_interpreter.record import RedisRecord, SQLiteRecord, open_record


@pytest.mark.parametrize("place", ["redis://localhost", "rediss://localhost", "unix:///run/redis.sock"])
def test_a_record_in_redis_is_opened_by_its_address(place: str) -> None:
    assert isinstance(open_record(place), RedisRecord)


def test_a_record_in_a_file_is_opened_by_its_path(tmp_path: Path) -> None:
    assert isinstance(open_record(str(tmp_path / "meetings.db")), SQLiteRecord)


def test_a_record_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the folder of the record does not exist"):
        open_record(str(tmp_path / "none" / "meetings.db"))
