"""A pytest plugin: no test calls Azure's native library. `nox -s unit` uses it, and forbids sockets."""

from __future__ import annotations

import sys

import azure.cognitiveservices.speech  # noqa: F401 - the SDK calls its library while it is imported, and may

_SDK = "azure.cognitiveservices.speech"


class _Sealed:
    """Stands in for the native library."""

    def __getattr__(self, function: str) -> object:
        raise AssertionError(f"{function} of the native Azure SDK was called: mark this test as `native`")


for _name, _module in list(sys.modules.items()):
    if _name.startswith(_SDK) and hasattr(_module, "_sdk_lib"):
        _module._sdk_lib = _Sealed()  # type: ignore[attr-defined]
