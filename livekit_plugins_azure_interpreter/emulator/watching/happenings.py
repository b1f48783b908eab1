"""What happens to an emulator, told to those who watch it: the live view, the recorder, a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..faults import Fault
from ..transport.wire import Message


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that happened.

    Attributes:
        connection: The connection, counted from 1; 0 if it concerns none.
    """

    connection: int = 0


@dataclass(frozen=True, kw_only=True)
class Connected(Happening):
    """A client opened a WebSocket.

    Attributes:
        path: The path that it asked for, without the query.
        client: What it calls itself (User-Agent); empty if it does not.
    """

    path: str
    client: str = ""


@dataclass(frozen=True, kw_only=True)
class Disconnected(Happening):
    """A WebSocket ended.

    Attributes:
        code: The code with which it was closed; None: without one.
        reason: Why the emulator closed it.
        by_client: The client left, by itself.
    """

    code: int | None
    reason: str = ""
    by_client: bool = False


@dataclass(frozen=True, kw_only=True)
class Answered(Happening):
    """An HTTP request was answered: a refused handshake, too.

    Attributes:
        method: Its method.
        path: Its path, without the query.
        status: The status of the answer.
    """

    method: str
    path: str
    status: int


@dataclass(frozen=True, kw_only=True)
class Received(Happening):
    """A client sent a message."""

    message: Message


@dataclass(frozen=True, kw_only=True)
class Sent(Happening):
    """The emulator sent a message.

    Attributes:
        message: The message.
        binary: It is a binary frame.
    """

    message: Message
    binary: bool


@dataclass(frozen=True, kw_only=True)
class Struck(Happening):
    """A fault happened."""

    fault: Fault


@dataclass(frozen=True, kw_only=True)
class Unserved(Happening):
    """A client asked for something that the emulator does nothing about; told once for each.

    Attributes:
        what: The name of a message, or of a part of `speech.context`.
    """

    what: str


Watcher = Callable[[Happening], None]


class Watch:
    """Tells every watcher what happens.

    Args:
        watchers: They are called on the emulator's event loop, in order.
    """

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def __call__(self, happening: Happening) -> None:
        for watcher in self._watchers:
            watcher(happening)
