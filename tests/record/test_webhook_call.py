from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from fakes.limits import within
from fakes.webhook_receiver import SECRET, WebhookReceiver

from livekit_plugins_azure_interpreter.record import webhook_call
from livekit_plugins_azure_interpreter.record.webhook_call import Answer, Receiver, answer_of, pause_seconds
from livekit_plugins_azure_interpreter.record.webhook_messages import Message, Signer

MESSAGE = Message("msg_1", b'{"type":"meeting.utterance"}')


async def send(url: str, times: int = 1) -> list[Answer]:
    async with Receiver(url, Signer.of([SECRET])).connected() as post:
        return [await within(post(MESSAGE)) for _ in range(times)]


@pytest.mark.native
class TestReceiver:
    async def test_a_message_is_delivered_over_one_connection(self) -> None:
        async with WebhookReceiver() as receiver:
            assert await send(receiver.url, 2) == [Answer("delivered")] * 2
            assert [(one.id, one.body) for one in receiver.got] == [
                ("msg_1", {"type": "meeting.utterance"})
            ] * 2

    async def test_a_redirect_is_not_followed(self) -> None:
        async with WebhookReceiver() as elsewhere, WebhookReceiver() as receiver:
            receiver.answers.append((307, {"Location": elsewhere.url}))
            assert await send(receiver.url) == [Answer("failed", "HTTP 307")]
            assert elsewhere.tries == 0

    async def test_a_receiver_without_an_answer_has_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhook_call, "_TIMEOUT", aiohttp.ClientTimeout(total=0.05))
        async with WebhookReceiver() as receiver:
            receiver.opens.clear()
            assert await send(receiver.url) == [Answer("failed", "it gives no answer")]

    async def test_a_receiver_that_is_not_there_has_failed_and_its_address_is_not_told(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        assert await send(f"http://127.0.0.1:{port}/sesame") == [Answer("failed", "ClientConnectorError")]

    async def test_a_receiver_that_hangs_up_has_failed(self) -> None:
        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            (answer,) = await send(f"http://127.0.0.1:{port}")
        assert (answer.means, answer.reason) in {
            ("failed", "ServerDisconnectedError"),
            ("failed", "ClientOSError"),
        }


def test_a_receiver_shows_its_host_only() -> None:
    receiver = Receiver("https://user:sesame@hooks.example.com/sesame?key=sesame", Signer.of([SECRET]))
    assert repr(receiver) == "<Receiver hooks.example.com>"


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com", "ftp://example.com", "https://", "http://[", "/hook"]
)
def test_an_address_must_be_that_of_a_web_server(url: str) -> None:
    with pytest.raises(ValueError, match="url must be an address such as"):
        Receiver(url, Signer.of([SECRET]))


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (301, "failed"),
        (400, "refused"),
        (401, "failed"),
        (404, "failed"),
        (410, "gone"),
        (413, "refused"),
        (422, "refused"),
        (429, "failed"),
        (500, "failed"),
        (503, "failed"),
    ],
)
def test_an_answer_is_understood_by_its_status(status: int, means: str) -> None:
    assert answer_of(status, "").means == means


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120.0), ("99999999", 3600.0), ("", 0.0), ("-5", 0.0), ("soon", 0.0), ("²", 0.0)],
)
def test_an_answer_may_ask_to_wait(asked: str, seconds: float) -> None:
    assert answer_of(503, asked).wait_seconds == seconds


def test_pauses_become_longer_up_to_a_minute_and_are_not_in_step() -> None:
    failed = Answer("failed")
    assert [pause_seconds(tries, failed, lambda: 1.0) for tries in (1, 2, 3, 7, 500)] == [1, 2, 4, 60, 60]
    assert pause_seconds(3, failed, lambda: 0.0) == 2.0
    assert pause_seconds(1, Answer("failed", "", 30.0)) == 30.0
