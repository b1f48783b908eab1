"""Places at two resources, "near" and "far"."""

from __future__ import annotations

from livekit_plugins_azure_interpreter._fleet.resource_places import Place, PlaceableResource, Places
from livekit_plugins_azure_interpreter._fleet.resource_reports import ResourceUse
from livekit_plugins_azure_interpreter.credentials import Credentials


def two_places(near: int = 1, far: int = 1, *, use: ResourceUse = "recognition") -> Places:
    """So many places at each of them, without leases."""
    resources = [
        PlaceableResource(name, Credentials(endpoint=f"wss://{name}"), most)
        for name, most in (("near", near), ("far", far))
    ]
    return Places(resources, use=use, leases=None, share=0, changed=lambda change: None)


def where(place: Place) -> str:
    return place.credentials.endpoint.removeprefix("wss://")


def opened(places: Places) -> list[int]:
    """How many places are taken at each."""
    return [one.open_streams for one in places.states]
