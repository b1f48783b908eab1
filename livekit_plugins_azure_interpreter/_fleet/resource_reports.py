"""What `SpeechResources` tells of each resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

RefusalReason = Literal["quota", "outage", "rejected"]
ResourceUse = Literal["recognition", "synthesis"]


@dataclass(frozen=True)
class ResourceState:
    """The state of one resource, for one use (`SpeechResources.states`).

    Attributes:
        name: The name of the resource.
        use: "recognition" (streams of an `STT`) or "synthesis" (texts of a `PersonalVoiceTTS`). Azure counts
            them separately, and so they are counted and rest separately.
        open_streams: How many places this process holds there.
        max_streams: How many places there are, for the whole fleet.
        resting_until: Until when it gets no stream, in Unix seconds; None: it does not rest. After that one
            stream tries it, and the rest ends when Azure serves that.
        refusals: How often it refused or failed, by the reason.
        moved_streams: How many streams left it for another resource because of that.
    """

    name: str
    use: ResourceUse
    open_streams: int
    max_streams: int
    resting_until: float | None
    refusals: Mapping[RefusalReason, int]
    moved_streams: int


@dataclass(frozen=True)
class ResourceChanged:
    """A resource rests, or has returned (`SpeechResources.on("resource_changed")`).

    Attributes:
        name: The name of the resource.
        use: "recognition" or "synthesis".
        state: "resting" or "returned".
        reason: Why it rests: "quota" (it serves no more), "outage" (it cannot be reached, or fails) or
            "rejected" (it refuses the credentials, or the address is wrong); None: it has returned.
        rest_seconds: How long it rests.
    """

    name: str
    use: ResourceUse
    state: Literal["resting", "returned"]
    reason: RefusalReason | None = None
    rest_seconds: float = 0.0
