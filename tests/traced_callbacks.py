"""A pytest plugin that has what a foreign thread runs measured, too: `-p traced_callbacks`.

coverage sees a thread that Python started. The SDK's threads are its own, and each of their calls comes in as
if from a new one; so a callback that ctypes makes begins with what Python's threads begin with.
"""

from __future__ import annotations

import ctypes
import functools
import sys
import threading
from collections.abc import Callable
from typing import Any

_make_prototype = ctypes.CFUNCTYPE


def _traced(callback: Callable[..., Any]) -> Callable[..., Any]:
    def trace_and_call(*arguments: Any) -> Any:
        if sys.gettrace() is None and (trace := threading.gettrace()) is not None:
            sys.settrace(trace)
        return callback(*arguments)

    return trace_and_call


@functools.cache
def _prototype(made: Any) -> Any:
    class Traced(made):  # type: ignore[misc]
        _flags_, _restype_, _argtypes_ = made._flags_, made._restype_, made._argtypes_

        def __new__(cls, callback: Any, *more: Any) -> Any:
            return super().__new__(cls, _traced(callback) if callable(callback) else callback, *more)

    return Traced


def _function_type(*types: Any, **options: Any) -> Any:
    return _prototype(_make_prototype(*types, **options))


ctypes.CFUNCTYPE = _function_type  # type: ignore[assignment]
