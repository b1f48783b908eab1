from __future__ import annotations

import sys

import pytest

from livekit_plugins_azure_interpreter.web.qr_code import qr_svg


def test_a_link_is_a_picture_that_a_page_may_show() -> None:
    svg = qr_svg("https://meet.example.com/#invite=" + "x" * 300)
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>")
    assert "<script" not in svg


def test_an_extra_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ImportError, match=r"the extra \"web\".* pip install segno$"):
        qr_svg("https://meet.example.com/")
