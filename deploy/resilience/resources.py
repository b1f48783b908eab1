"""Azure's Speech resources: streams go to the next one when one fails, and count over the whole fleet."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Sequence

from livekit.agents import utils

import livekit_plugins_azure_interpreter as azure_interpreter

from .environment import end_malformed, read_number
from .resource_metrics import watch_resources

SERVICES = ("AZURE_SPEECH", "BACKUP_SPEECH")
"""How the variables of each resource begin, the nearest first. For a further resource, add a name."""


def configured_services() -> list[str]:
    """The first resource, and each other one with a variable that is set."""
    parts = ("KEY", "REGION", "ENDPOINT")
    others = [one for one in SERVICES[1:] if any(os.environ.get(f"{one}_{part}") for part in parts)]
    return [SERVICES[0], *others]


def make_leases() -> azure_interpreter.RedisLeases | None:
    """Leases in the Redis of REDIS_URL, for one event loop; None: it is not set. Ends if it is malformed."""
    url = os.environ.get("REDIS_URL")
    try:
        return azure_interpreter.RedisLeases(url) if url else None
    except ValueError:
        end_malformed("REDIS_URL", "the address of a Redis, such as redis://redis:6379/0")


def make_resources(
    services: Sequence[str], leases: azure_interpreter.RedisLeases | None
) -> azure_interpreter.SpeechResources | None:
    """Several resources, or one whose streams count over the fleet; None: one that counts nothing.

    Args:
        services: How the variables of each resource begin.
        leases: Count the streams over the fleet.

    Raises:
        ValueError: A variable is malformed.
    """
    if len(services) == 1 and leases is None:
        return None
    return azure_interpreter.SpeechResources([_resource(one) for one in services], leases=leases)


@contextlib.asynccontextmanager
async def open_resources(
    services: Sequence[str],
) -> AsyncGenerator[azure_interpreter.SpeechResources | None]:
    """The resources of a job, with their metrics; what `make_resources` says.

    Args:
        services: How the variables of each resource begin.
    """
    leases = make_leases()
    resources = make_resources(services, leases)
    if resources is None:
        yield None
        return
    watching = asyncio.create_task(watch_resources(resources))
    try:
        yield resources
    finally:
        await resources.aclose()
        await utils.aio.cancel_and_wait(watching)
        if leases is not None:
            await leases.aclose()


def _resource(service: str) -> azure_interpreter.Resource:
    return azure_interpreter.Resource(
        speech_key=os.environ.get(f"{service}_KEY"),
        speech_region=os.environ.get(f"{service}_REGION") or None,
        speech_endpoint=os.environ.get(f"{service}_ENDPOINT") or None,
        max_streams=read_number(f"{service}_STREAMS", 100, least=1),
        name=service,  # two may be in one region
    )
