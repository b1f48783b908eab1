"""Several Azure resources in place of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from livekit import rtc

from ._fleet.leases import Leases
from ._fleet.resource_places import PlaceableResource, Places
from ._fleet.resource_reports import ResourceState, ResourceUse
from ._options.numbers import check_number
from .credentials import INTERPRETING, SPEAKING, Credentials, Service

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_SERVICES: dict[ResourceUse, Service] = {"recognition": INTERPRETING, "synthesis": SPEAKING}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One Azure Speech resource of `SpeechResources`. No environment variable is read.

    Args:
        speech_key: Key of the resource.
        speech_region: Its region, e.g. "westeurope".
        speech_endpoint: Or a whole endpoint, e.g. of a custom domain, as `STT` explains.
        speech_auth_token: A token instead of a key; or a function that gives one, called in a thread.
        token_credential: Or an Entra ID credential (synchronous, of azure.core); needs `speech_endpoint`.
        max_streams: How many streams it may have at the same time, from the whole fleet: what Azure allows
            (S0: 100 by default, F0: 1).
        name: Names it in states, events and logs, and in the leases of the fleet: the same in each process.
            None: its region, or the host of its endpoint.

    Raises:
        ValueError: An argument is missing, malformed or contradicts another; the message names it.
    """

    speech_key: str | None = field(default=None, repr=False)
    speech_region: str | None = None
    speech_endpoint: str | None = field(default=None, repr=False)  # It can carry a key in its query.
    speech_auth_token: str | Callable[[], str] | None = field(default=None, repr=False)
    token_credential: TokenCredential | None = field(default=None, repr=False)
    max_streams: int = 100
    name: str | None = None

    def __post_init__(self) -> None:
        check_number("max_streams", self.max_streams, least=1, whole=True)
        if not (self.speech_key or self.speech_auth_token or self.token_credential):
            raise ValueError("a Resource needs speech_key, speech_auth_token or token_credential")
        if not (self.speech_region or self.speech_endpoint):
            raise ValueError("a Resource needs speech_region or speech_endpoint")
        endpoint = self.credentials(INTERPRETING).endpoint
        if self.name is None:
            name = (self.speech_region or "").strip().lower() or urlsplit(endpoint).hostname
            object.__setattr__(self, "name", name)

    def credentials(self, service: Service) -> Credentials:
        """What to connect with to one of Azure's services.

        Args:
            service: The service.
        """
        return Credentials.resolve(
            key=self.speech_key,
            region=self.speech_region,
            endpoint=self.speech_endpoint,
            auth_token=self.speech_auth_token,
            token_credential=self.token_credential,
            environment={},
            service=service,
        )


class SpeechResources(rtc.EventEmitter[Literal["resource_changed"]]):
    """Several Azure resources: `speech_resources` of `STT`, `PersonalVoiceTTS`, `MeetingInterpreter`. ::

        resources = azure_interpreter.SpeechResources(
            [
                azure_interpreter.Resource(speech_key=..., speech_region="westeurope"),
                azure_interpreter.Resource(speech_key=..., speech_region="northeurope"),
            ],
            leases=azure_interpreter.RedisLeases("redis://redis:6379/0"),
        )
        stt = azure_interpreter.STT(target_languages="fr", speech_resources=resources)

    Each stream is opened at the nearest resource with a free place. If a resource refuses a stream for its
    quota or its credentials, cannot be reached or fails, the stream goes on at the next one, and nothing that
    was said is lost. The resource then rests: 5 s after a failure, 10 s after a refusal for its quota, 60 s
    after a refusal of its credentials. Then one stream tries it. Each further refusal doubles the rest, up to
    300 s. If no place is free, a stream waits as long as its connect timeout; in a meeting, its speaker waits
    ("queued"). Make one for each process, and share it.

    Event: `resource_changed` (`ResourceChanged`): a resource rests, or has returned.

    Args:
        resources: The resources, the nearest first.
        leases: Counts places over all processes that use the resources, e.g. `RedisLeases`. None: this
            process counts its own.
        near: The region, or the name, of a resource: those come first, so that all workers can have one list.
        share: While the leases cannot be reached: how many streams of each resource this process may have. It
            keeps what it has, and opens more up to this.

    Raises:
        ValueError: There is no resource, two have the same name, or `near` is none of them.
    """

    def __init__(
        self,
        resources: Sequence[Resource],
        *,
        leases: Leases | None = None,
        near: str | None = None,
        share: int = 5,
    ) -> None:
        super().__init__()
        if not resources:
            raise ValueError("resources is empty: name at least one Resource")
        names = [one.name for one in resources]
        if doubled := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two resources have the name {doubled!r}: give each a name of its own")
        if near is not None and not any(_is_near(one, near) for one in resources):
            raise ValueError(f"near must be the region or the name of a resource, not {near!r}")
        check_number("share", share, least=0, whole=True)
        ordered = sorted(resources, key=lambda one: near is not None and not _is_near(one, near))
        self._places = _places[self] = {
            use: Places(
                [_placeable(one, service) for one in ordered],
                use=use,
                leases=leases,
                share=share,
                changed=lambda change: self.emit("resource_changed", change),
            )
            for use, service in _SERVICES.items()
        }

    @property
    def states(self) -> tuple[ResourceState, ...]:
        """Each resource as this process sees it, for both uses; for a monitor."""
        return tuple(state for places in self._places.values() for state in places.states)

    async def aclose(self) -> None:
        """Wait until other processes can have the places that were given back.

        Call it at the end of a process, after what uses the resources is closed. `leases` stays open.
        """
        for places in self._places.values():
            await places.settled()


def places_of(resources: SpeechResources, use: ResourceUse) -> Places:
    """The places for one use, which only this package sees."""
    return _places[resources][use]


def credentials_option(
    resources: SpeechResources | None, use: ResourceUse, given: Mapping[str, Any]
) -> Credentials:
    """The credentials of an STT or a TTS. With resources, each connection gets its own instead.

    Args:
        resources: Its `speech_resources`.
        use: What it does.
        given: The arguments for a single resource, by name.

    Raises:
        ValueError: Both are given, or something is missing or contradicts something else.
    """
    if resources is None:
        arguments = {name.removeprefix("speech_"): value for name, value in given.items()}
        return Credentials.resolve(**arguments, service=_SERVICES[use])
    if names := [name for name, value in given.items() if value is not None]:
        raise ValueError(f"speech_resources and {', '.join(names)} contradict each other: give one of them")
    return places_of(resources, use).credentials[0]


def _is_near(resource: Resource, near: str) -> bool:
    return near in (resource.name, resource.speech_region)


def _placeable(resource: Resource, service: Service) -> PlaceableResource:
    assert resource.name is not None
    return PlaceableResource(resource.name, resource.credentials(service), resource.max_streams)


_places: WeakKeyDictionary[SpeechResources, dict[ResourceUse, Places]] = WeakKeyDictionary()
