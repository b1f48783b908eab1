"""What Compose starts with the emulator, as processes of this machine: people meet, and it is watched."""

from __future__ import annotations

import asyncio
import os
import socket
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis
import yaml
from aiohttp import ClientSession
from fakes.compose import FOLDER, native, services
from fakes.limits import LONG_LIMIT_SECONDS, within
from fakes.prometheus_server import Prometheus
from fakes.redis_server import RedisServer
from fakes.trace_collector import TraceCollector, attributes
from fakes.webhook_receiver import SECRET, WebhookReceiver
from fakes.worker_process import WorkerProcess

from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Refuse, Voice
from livekit_plugins_azure_interpreter.record import SQLiteRecord, Utterance

from .hearing import assert_heard
from .participant import Guest
from .server import Server, find_server
from .speech import recorded, sentences, silence
from .stalls import Stalls

_MAX_MEETINGS = 2
_SAID = sentences()[5]
_FRENCH = recorded("french_5.wav")
_WORDS = ("The train is confidential.", "Le train est confidentiel.")
_LINE = Line(_WORDS[0], "en-US", {"fr": _WORDS[1]}, {"fr": Voice(_FRENCH)})


class Outside:
    """What the services of Compose talk to.

    Args:
        redis: The Redis of the deployment, which is not started as Compose starts it.
    """

    def __init__(self, server: Server, redis: RedisServer) -> None:
        self.server, self.redis = server, redis
        behaviour = Behaviour(script=lambda samples: _LINE, silence_ms=700)
        self.full = Emulator(replace(behaviour, faults=(Refuse(429, times=None),)))
        self.backup = Emulator(behaviour)
        self.collector, self.receiver = TraceCollector(), WebhookReceiver()

    async def leases(self) -> dict[str, int]:
        """How many streams of each resource the fleet counts."""
        client: Any = redis.from_url(self.redis.url)
        keys = [key.decode() async for key in client.scan_iter("*{recognition:*}:holders")]
        counted = {key.split(":")[-2].rstrip("}"): await client.zcard(key) for key in keys}
        await client.aclose()
        return counted


class Deployment:
    """The services of Compose, natively."""

    def __init__(self, outside: Outside, folder: Path) -> None:
        server, collector = outside.server, outside.collector
        self.server, self.collector, self._folder = server, collector, folder
        self.record_path = folder / "meetings.db"
        self._services = services(
            {
                "LIVEKIT_API_KEY": server.key,
                "LIVEKIT_API_SECRET": server.secret,
                "NODE_IP": "127.0.0.1",
                "LIVEKIT_PUBLIC_URL": server.url,
                "GRAFANA_PASSWORD": "any",
                "RECORD_URL": str(self.record_path),
                "MEETING_PASSWORD": "a password of the meeting",
                "MAX_MEETINGS": str(_MAX_MEETINGS),
                "BACKUP_SPEECH_KEY": "any",
                "BACKUP_SPEECH_ENDPOINT": outside.backup.endpoint,
                "WEBHOOK_URL": outside.receiver.url,
                "WEBHOOK_SECRET": SECRET,
                **collector.environment,
            },
            emulated=True,
        )
        self._places = {
            "ws://livekit:7880": server.url,
            "ws://speech:8765/speech/universal/v2": outside.full.endpoint,
            "redis://redis:6379/0": outside.redis.url,
            "0.0.0.0": "127.0.0.1",
        }
        self._page_port = str(_free_port())
        self.page_url = f"http://127.0.0.1:{self._page_port}"

    async def start(self) -> None:
        worker = self._environment("worker")
        self.worker = await WorkerProcess.start(
            self._command("worker")[1:], {**worker, **self.collector.environment}
        )
        self._page = await asyncio.create_subprocess_exec(
            *self._command("page"),
            env={**os.environ, **self._environment("page"), "PAGE_PORT": self._page_port},
        )
        await self.worker.until_logged("registered worker")
        await self._until_page_is_healthy()
        jobs = {"worker": self.worker.metrics_address, "livekit": "127.0.0.1:9"}
        self.prometheus = Prometheus(self._folder, self._services["prometheus"]["command"], jobs)
        await self.prometheus.start()

    async def aclose(self) -> None:
        await self.prometheus.aclose()
        self._page.terminate()
        assert await within(self._page.wait()) == 0
        await self.worker.aclose()

    async def download(self, guest: Guest) -> str:
        """What the page says was said, for somebody in the meeting."""
        headers = {"Authorization": f"Bearer {guest.token}"}
        url = f"{self.page_url}/api/record?format=txt"
        async with ClientSession(headers=headers) as http, http.get(url) as answer:
            return await answer.text()

    def _command(self, service: str) -> list[str]:
        return [native(argument) for argument in self._services[service]["command"]]

    def _environment(self, service: str) -> dict[str, str]:
        given: dict[str, str] = self._services[service]["environment"]
        return {name: self._places.get(value, value) for name, value in given.items()}

    async def _until_page_is_healthy(self) -> None:
        """By the command of its health check."""
        _, *check = self._services["page"]["healthcheck"]["test"]
        check = [native(argument).replace("8080", self._page_port) for argument in check]

        async def wait() -> None:
            while await self._run(*check):
                assert self._page.returncode is None, "the page does not start"

        await within(wait(), LONG_LIMIT_SECONDS)

    async def _run(self, *command: str) -> int:
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
        return await process.wait()


@pytest.fixture
async def outside(server: Server, redis_server: RedisServer) -> AsyncIterator[Outside]:
    outside = Outside(server, redis_server)
    async with outside.full, outside.backup, outside.collector, outside.receiver:
        yield outside


@pytest.fixture
async def deployment(outside: Outside, tmp_path: Path) -> AsyncIterator[Deployment]:
    deployment = Deployment(outside, tmp_path)
    await deployment.start()
    yield deployment
    await deployment.aclose()


@pytest.fixture
async def enter(deployment: Deployment, closing: Any) -> Any:
    """Join with a token of the page."""
    stalls = Stalls()
    closing(stalls.aclose)

    async def join(name: str, language: str) -> Guest:
        headers = {"Authorization": "Bearer a password of the meeting"}
        wishes = {"language": language, "voice": "own"}
        wanted = {"participant_name": name, "participant_attributes": wishes}
        async with (
            ClientSession(deployment.page_url, headers=headers) as http,
            http.post("/api/token", json=wanted) as answer,
        ):
            token = (await answer.json())["participant_token"]
        guest = Guest(deployment.server, token, stalls)
        closing(guest.aclose)
        await guest.enter()
        return guest

    return join


@pytest.mark.slow
async def test_people_who_join_through_the_page_are_interpreted_watched_recorded_and_traced(
    deployment: Deployment, outside: Outside, enter: Any
) -> None:
    prometheus, collector = deployment.prometheus, deployment.collector
    await prometheus.until('up{job="worker"} == 1')
    alice, bob = await enter("Alice", "en"), await enter("Bob", "fr")
    await alice.publish()
    track = f"{alice.identity}-fr"
    await bob.ear(track)
    await alice.say(_SAID + silence(1.0))
    await assert_heard(bob, track, [_FRENCH])

    await prometheus.until('interpreter_utterances_total{translated="yes"} == 1')
    await prometheus.until('interpreter_outcomes_total{target_language="fr",outcome="voiced"} == 1')
    (load,) = await prometheus.query("sum(lk_agents_worker_load)")
    assert float(load["value"][1]) == pytest.approx(1 / _MAX_MEETINGS)
    # The first resource refuses her for its quota, so the second one interprets. The fleet counts her stream.
    refused = 'resource="AZURE_SPEECH",use="recognition",reason="quota"'
    await prometheus.until(f"interpreter_resource_refusals_total{{{refused}}} > 0")
    taken = await prometheus.until('interpreter_resource_open_streams{use="recognition"} > 0')
    assert [(one["metric"]["resource"], one["value"][1]) for one in taken] == [("BACKUP_SPEECH", "1")]
    assert await outside.leases() == {"BACKUP_SPEECH": 1}
    alerts = (await prometheus.get("alerts"))["alerts"]
    assert [alert for alert in alerts if alert["state"] == "firing"] == []

    assert _WORDS[0] in await deployment.download(bob)

    # The last spans are sent at the latest as the job ends, once nobody is in the room.
    await alice.leave()
    await bob.leave()
    await collector.until(lambda: len(collector.named("azure_interpreter.record")) == 2)
    await collector.until(lambda: collector.named("azure_interpreter.utterance"))
    (utterance,) = collector.named("azure_interpreter.utterance")
    (heard,) = collector.named("azure_interpreter.heard")
    assert heard.trace_id == utterance.trace_id
    told = attributes(heard)
    assert told["azure_interpreter.track"] == track
    assert told["azure_interpreter.listeners"] == [bob.identity]
    assert {span.trace_id for span in collector.named("azure_interpreter.record")} == {utterance.trace_id}
    assert [words for words in _WORDS if words.encode() in collector.written] == []

    await outside.receiver.until(3)
    assert outside.receiver.types == ["meeting.started", "meeting.utterance", "meeting.ended"]
    assert outside.receiver.texts == [_WORDS[0]]

    record = SQLiteRecord(deployment.record_path)
    (meeting,) = await record.meetings()
    (said,) = [one for one in await record.read(meeting.id) if isinstance(one, Utterance)]
    await record.aclose()
    assert (said.person, said.text) == (alice.identity, _WORDS[0])


async def test_the_livekit_server_starts_with_the_settings_of_compose(tmp_path: Path, server: Server) -> None:
    program = find_server()
    if not isinstance(program, str):
        pytest.skip("LIVEKIT_URL names a server that runs: unset it")
    settings = yaml.safe_load((FOLDER / "livekit.yaml").read_text())
    settings["port"], settings["prometheus"]["port"] = _free_port(), _free_port()
    settings["rtc"] |= {"udp_port": _free_port(), "tcp_port": _free_port()}
    path = tmp_path / "livekit.yaml"
    path.write_text(yaml.safe_dump(settings))
    (option, _) = services(dict.fromkeys(_REQUIRED, "any"))["livekit"]["command"]
    environment = {
        **os.environ,
        "LIVEKIT_KEYS": "key: a secret of 32 characters or more",
        "NODE_IP": "127.0.0.1",
    }
    process = await asyncio.create_subprocess_exec(
        program, option, str(path), "--bind", "127.0.0.1", env=environment, stderr=asyncio.subprocess.DEVNULL
    )

    async def until_answered(port: int, path: str) -> bytes:
        while process.returncode is None:
            try:
                return await asyncio.to_thread(_read, f"http://127.0.0.1:{port}{path}")
            except OSError:
                await asyncio.sleep(0.05)
        raise AssertionError("the LiveKit server does not start")

    try:
        assert await within(until_answered(settings["port"], "/")) == b"OK"
        assert b"livekit_" in await within(until_answered(settings["prometheus"]["port"], "/metrics"))
    finally:
        if process.returncode is None:
            process.kill()
        await within(process.wait())


_REQUIRED = ("LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "NODE_IP", "LIVEKIT_PUBLIC_URL", "GRAFANA_PASSWORD")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return bytes(answer.read())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
