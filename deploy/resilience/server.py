"""The worker for LiveKit: how many rooms it takes, its ports, and how it drains."""

from __future__ import annotations

from livekit.agents import AgentServer

from .environment import read_number
from .metrics import watch_memory
from .resource_metrics import forget_ended_jobs

_MOST_PORT = 65535


def make_server(*, most_rooms: int, idle_processes: int) -> AgentServer:
    """A worker with the variables HEALTH_PORT, METRICS_PORT and DRAIN_SECONDS.

    Args:
        most_rooms: The rooms that it takes.
        idle_processes: Processes that wait for a room, which then gets its interpreter at once. While a
            worker has no room, LiveKit refuses more than this many that open at the same instant.
    """

    def load(worker: AgentServer) -> float:
        """How full the worker is, 0 to 1, for LiveKit's dispatch, and for autoscaling.

        The default is the load of the machine's CPU. It does not know how many streams Azure allows, and it
        reacts seconds late, so a burst of rooms overloads a worker. The cost of a room is known, so this
        counts rooms.
        """
        watch_memory()
        forget_ended_jobs()
        return len(worker.active_jobs) / most_rooms

    return AgentServer(
        load_fnc=load,
        load_threshold=1.0,  # full with `most_rooms`; the default is full at 0.7 of it
        num_idle_processes=idle_processes,
        # The default of 10 is too short on a busy machine: LiveKit starts over.
        initialize_process_timeout=60.0,
        port=read_number("HEALTH_PORT", 8081, most=_MOST_PORT),
        prometheus_port=read_number("METRICS_PORT", 9464, most=_MOST_PORT),
        drain_timeout=read_number("DRAIN_SECONDS", 3600),
    )
