"""A pytest plugin: the fixture `azure_speech_emulator`.

pytest imports it in every run of every project that has the package. So it stands outside the package, whose
import takes seconds, and imports the emulator in the first test that asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from livekit_plugins_azure_interpreter.emulator import EmulatorThread

_MARKER = "azure_speech"


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker in `pytest --markers`; `--strict-markers` knows it."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**options): how azure_speech_emulator behaves, by the options of emulator.Behaviour. "
        "Those of a test go before those of its class and its module.",
    )


@pytest.fixture
def azure_speech_emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorThread]:
    """An Azure Speech service of the test's own on a free port; the marker azure_speech sets its options."""
    from livekit_plugins_azure_interpreter.emulator import Behaviour, EmulatorThread  # noqa: PLC0415

    try:
        behaviour = Behaviour(**_options(request.node))
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"marker {_MARKER} of {request.node.nodeid}: {error}") from error
    with EmulatorThread(behaviour) as emulator:
        yield emulator


def _options(test: pytest.Item) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for marker in test.iter_markers(_MARKER):  # the test's own comes first
        if marker.args:
            raise TypeError("options are given by name, such as script=[...]")
        options = {**marker.kwargs, **options}
    return options
