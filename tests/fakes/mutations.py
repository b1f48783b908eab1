"""Messages of the service that are almost valid, and almost in order."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from livekit_plugins_azure_interpreter.emulator import Message, Tap

_VALUES: list[Any] = [None, True, -1, 0, 2**31, 2**63, 10**40, 1e300, "", " ", "\ud83d", "\0", "x" * 70_000]
_VALUES += [[], {}, [None], {"Language": "fr"}, "Success", "no such word", [[[[]]]]]
_MISSING, _TWICE, _LATE = 0.08, 0.16, 0.3
"""Up to which of a random number a message is missing, comes twice, or is late."""
_LATER = (1, 1, 2, 3, 5)
"""After how many other messages a late one comes."""
_ALL = 1000


def mutate(body: dict[str, Any], chance: random.Random) -> Any:
    """The same with a few changes: other values, missing, unknown and shuffled fields."""
    mutated = copy.deepcopy(body)
    for _ in range(chance.randint(1, 3)):
        place = _place(mutated, chance)
        if isinstance(place, dict):
            _change(place, chance)
        elif place:
            place[chance.randrange(len(place))] = _value(chance)
    return mutated if chance.random() < 0.97 else _value(chance)


def _value(chance: random.Random) -> Any:
    return copy.deepcopy(chance.choice(_VALUES))


def _place(value: Any, chance: random.Random) -> Any:
    """It, or something that it holds."""
    held = value.values() if isinstance(value, dict) else value
    inner = [one for one in held if isinstance(one, (dict, list))]
    return _place(chance.choice(inner), chance) if inner and chance.random() < 0.6 else value


def _change(fields: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice([*fields, "Unknown"])
    what = chance.randrange(3)
    if what == 0:
        fields.pop(name, None)
    elif what == 1:
        fields[name] = _value(chance)
    else:
        shuffled = list(fields.items())
        chance.shuffle(shuffled)
        fields.clear()
        fields.update({**dict(shuffled), f"{name}\u00e9": _value(chance)})


class Mutations(Tap):
    """While it is on, what the service says is mutated, missing, twice or late.

    Attributes:
        on: Whether it is; what is late comes when it no longer is.
        count: How many messages have been mutated or put out of order.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._late: list[tuple[int, Message]] = []
        self.on = False
        self.count = 0

    def sending(self, message: Message) -> list[Message]:
        if not self.on:
            return [*self._due(_ALL), message]
        if message.path != "audio" and self._chance.random() < 0.35:
            self.count += 1
            message = self._mutated(message)
        return [*self._in_disorder(message), *self._due(1)]

    def _in_disorder(self, message: Message) -> list[Message]:
        what = self._chance.random()
        self.count += what < _LATE
        if what < _MISSING:
            return []
        if what < _TWICE:
            return [message, message]
        if what < _LATE:
            # After one message: the two are swapped.
            self._late.append((self._chance.choice(_LATER), message))
            return []
        return [message]

    def _due(self, messages: int) -> list[Message]:
        """What is late, now that so many more have come."""
        late = [(left - messages, message) for left, message in self._late]
        self._late = [one for one in late if one[0] >= 0]
        return [message for left, message in late if left < 0]

    def _mutated(self, message: Message) -> Message:
        body = json.dumps(mutate(message.json(), self._chance)).encode()
        if self._chance.random() < 0.05:
            body = body[: self._chance.randrange(len(body))]
        path = message.path if self._chance.random() < 0.97 else f"{message.path}.unknown"
        return Message(path, message.headers, body)
