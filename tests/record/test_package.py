from __future__ import annotations

from fakes.findings import assert_none

from livekit_plugins_azure_interpreter import record


def test_each_public_name_exists_and_is_documented() -> None:
    assert_none(name for name in record.__all__ if not getattr(record, name).__doc__)
