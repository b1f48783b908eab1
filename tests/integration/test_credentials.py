"""Every way to be let in, against a service that refuses any other; and tokens that expire while in use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ManagedIdentityCredential
from fakes.limits import within
from fakes.proxy import Proxy
from livekit.agents import APIConnectionError, APIConnectOptions, APIError, APIStatusError

from livekit_plugins_azure_interpreter import STT, PersonalVoiceTTS
from livekit_plugins_azure_interpreter.emulator import Behaviour, Emulator, Line, Voice, synthesize

_TOKEN_SECONDS = 0.4
_CONNECTION_SECONDS = 0.6
"""The service ends each connection after more than the life of a token."""
_UTTERANCES = 8
_SPACING_SECONDS = 0.5


def _behaviour() -> Behaviour:
    def recognize(samples: Voice) -> Line:
        return Line(f"{samples.seconds:.1f}")

    return Behaviour(
        script=recognize,
        silence_ms=100,
        token_seconds=_TOKEN_SECONDS,
        connection_seconds=_CONNECTION_SECONDS,
    )


class _Entra(TokenCredential):
    """An Entra ID credential, which gives what the service issues."""

    def __init__(self, issue: Callable[[], str]) -> None:
        self.issue = issue

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(self.issue(), int(time.time()) + 3600)


@pytest.fixture
async def token_service() -> AsyncIterator[Emulator]:
    """A service that lets in the tokens it has issued, and no key."""
    async with Emulator(Behaviour(silence_ms=100, token_seconds=30)) as emulator:
        yield emulator


@pytest.fixture
async def key_service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Emulator]:
    """A service that lets in one key; the environment names neither."""
    for name in ("KEY", "REGION", "ENDPOINT", "HOST"):
        monkeypatch.delenv(f"AZURE_SPEECH_{name}", raising=False)
    async with Emulator(Behaviour(silence_ms=100, key="the-key")) as emulator:
        yield emulator


@pytest.fixture
async def managed_identity(token_service: Emulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Azure's identity endpoint, as a program finds it in App Service; it asks the service for tokens."""

    async def token(request: web.Request) -> web.Response:
        assert request.headers["X-IDENTITY-HEADER"] == "of-the-app"
        assert request.query["resource"] == "https://cognitiveservices.azure.com"
        issued = {"access_token": token_service.issue_token(), "expires_on": str(int(time.time()) + 3600)}
        return web.json_response({**issued, "resource": request.query["resource"], "token_type": "Bearer"})

    app = web.Application()
    app.router.add_get("/token", token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://{host}:{port}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "of-the-app")
    yield
    await runner.cleanup()


def _host(emulator: Emulator) -> str:
    return emulator.endpoint.removesuffix("/speech/universal/v2")


_ONCE = APIConnectOptions(max_retry=0)


async def _is_heard(audio: Any, conn_options: APIConnectOptions = _ONCE, **credentials: Any) -> None:
    """One utterance is interpreted, by whoever these let in."""
    stt = STT(target_languages="fr", **credentials)
    stream = stt.stream(conn_options=conn_options)
    for frame in audio.frames(audio.speech((0.2, 0.5), end=1.0)):
        stream.push_frame(frame)
    stream.end_input()
    try:
        events = await within(_all_of(stream))
    finally:
        await stt.aclose()
    assert "final_transcript" in [event.type.value for event in events]


async def _is_spoken(_: Any, conn_options: APIConnectOptions = _ONCE, **credentials: Any) -> None:
    """One text is spoken, by whoever these let in."""
    voice = PersonalVoiceTTS(voice="fr-FR-DeniseNeural", **credentials)
    speech = voice.synthesize("Bonjour.", conn_options=conn_options)
    try:
        frames = await within(_all_of(speech))
    finally:
        await voice.aclose()
    heard = b"".join(bytes(audio.frame.data) for audio in frames)
    assert heard == synthesize("Bonjour.", 0.5, 24000).pcm


async def _all_of(stream: Any) -> list[Any]:
    return [one async for one in stream]


@pytest.mark.parametrize("does", [_is_heard, _is_spoken], ids=["STT", "PersonalVoiceTTS"])
class TestEachWay:
    """The region leads to Azure alone: `TestRegion`."""

    async def test_key_and_endpoint(self, does: Any, key_service: Emulator, audio: Any) -> None:
        await does(audio, speech_key="the-key", speech_endpoint=key_service.endpoint)

    async def test_key_and_host(self, does: Any, key_service: Emulator, audio: Any) -> None:
        await does(audio, speech_key="the-key", speech_host=_host(key_service))

    async def test_a_host_alone(self, does: Any, audio: Any) -> None:
        async with Emulator(Behaviour(silence_ms=100)) as container:
            await does(audio, speech_host=_host(container))

    async def test_the_environments_key_and_endpoint(
        self, does: Any, key_service: Emulator, audio: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AZURE_SPEECH_KEY", "the-key")
        monkeypatch.setenv("AZURE_SPEECH_ENDPOINT", key_service.endpoint)
        await does(audio)

    async def test_a_token(self, does: Any, token_service: Emulator, audio: Any) -> None:
        token = token_service.issue_token()
        await does(audio, speech_auth_token=token, speech_endpoint=token_service.endpoint)

    async def test_a_token_of_entra_id_with_its_resource(
        self, does: Any, token_service: Emulator, audio: Any
    ) -> None:
        token = f"aad#/subscriptions/s/resourceGroups/g#{token_service.issue_token()}"
        await does(audio, speech_auth_token=token, speech_endpoint=token_service.endpoint)

    async def test_a_function_that_gives_a_token(
        self, does: Any, token_service: Emulator, audio: Any
    ) -> None:
        await does(audio, speech_auth_token=token_service.issue_token, speech_endpoint=token_service.endpoint)

    @pytest.mark.usefixtures("managed_identity")
    async def test_azure_identity(self, does: Any, token_service: Emulator, audio: Any) -> None:
        with ManagedIdentityCredential() as credential:
            await does(audio, token_credential=credential, speech_endpoint=token_service.endpoint)

    async def test_a_credential_that_fails_is_told_by_its_name_without_its_words(
        self, does: Any, token_service: Emulator, audio: Any
    ) -> None:
        def fail() -> str:
            raise ClientAuthenticationError("SECRET")

        with pytest.raises(APIError, match=r"get_token\(\) raised ClientAuthenticationError") as told:
            await does(audio, token_credential=_Entra(fail), speech_endpoint=token_service.endpoint)
        assert "SECRET" not in repr(told.value)
        assert token_service.handshakes == 0


class TestRegion:
    """Of Azure's hosts it is seen which are asked for; a proxy goes no further."""

    @pytest.mark.parametrize(
        "credentials",
        [{"speech_key": "any"}, {"speech_auth_token": "any"}, {"speech_auth_token": lambda: "any"}],
        ids=["key", "token", "function"],
    )
    @pytest.mark.parametrize(
        ("does", "service"), [(_is_heard, "stt"), (_is_spoken, "tts")], ids=["STT", "PersonalVoiceTTS"]
    )
    async def test_a_region_leads_to_its_host(
        self, does: Any, service: str, credentials: dict[str, Any], audio: Any, proxy: Proxy
    ) -> None:
        proxy.answer = b"HTTP/1.1 502 Bad Gateway\r\n\r\n"
        where = {"speech_region": "westeurope", "proxy": f"http://{proxy.address}"}
        with pytest.raises(APIConnectionError):
            await does(audio, APIConnectOptions(max_retry=0, timeout=1.0), **credentials, **where)
        assert proxy.asked[0].startswith(f"CONNECT westeurope.{service}.speech.microsoft.com:443 ".encode())


async def _interpret(pair: Any, audio: Any) -> None:
    """Utterances at the pace of speech."""
    listening = asyncio.create_task(pair.listen())
    for number in range(_UTTERANCES):
        pair.push(audio.burst(0.1 + 0.02 * number))
        pair.push(audio.silence(0.2))
        await asyncio.sleep(_SPACING_SECONDS)
    pair.stream.end_input()
    await within(listening)


@pytest.mark.parametrize("kind", ["callable", "Entra ID"])
async def test_a_stream_outlives_its_tokens(open_pair: Any, audio: Any, kind: str, other_voice: Any) -> None:
    async with Emulator(_behaviour()) as emulator:
        issued: list[str] = []

        def issue() -> str:
            issued.append(emulator.issue_token())
            return issued[-1]

        how = {"speech_auth_token": issue} if kind == "callable" else {"token_credential": _Entra(issue)}
        pair = await open_pair(
            fallback=other_voice, speech_key=None, speech_endpoint=emulator.endpoint, **how
        )
        await _interpret(pair, audio)
        assert len(pair.finals) == len(pair.voices) == _UTTERANCES
        assert len(issued) > 3
        assert all(error.recoverable for error in pair.errors)


async def test_a_token_that_cannot_be_renewed_is_refused_once_and_clearly(open_pair: Any, audio: Any) -> None:
    async with Emulator(_behaviour()) as emulator:
        pair = await open_pair(
            speech_key=None, speech_endpoint=emulator.endpoint, speech_auth_token="of-yesterday"
        )
        pair.push(audio.burst(0.2))
        with pytest.raises(APIStatusError, match="check speech_key"):
            await within(pair.listen())
        assert [error.recoverable for error in pair.errors] == [False]


async def test_a_renewable_token_that_stays_refused_is_an_error_after_one_more(
    open_pair: Any, audio: Any
) -> None:
    asked: list[None] = []

    def of_yesterday() -> str:
        asked.append(None)
        return "of-yesterday"

    async with Emulator(_behaviour()) as emulator:
        pair = await open_pair(
            speech_key=None, speech_endpoint=emulator.endpoint, speech_auth_token=of_yesterday
        )
        pair.push(audio.burst(0.2))
        with pytest.raises(APIStatusError, match="check speech_key"):
            await within(pair.listen())
        assert (len(asked), emulator.connections) == (2, 0)
