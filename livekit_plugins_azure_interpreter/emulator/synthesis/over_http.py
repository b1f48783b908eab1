"""Speaks a text over HTTP, for clients without an SDK, and lists the voices."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from ..behaviour import Behaviour
from ..transport.body import BodyTooLargeError, read_within
from ..transport.wire import WireError
from .encoding import encode
from .output_format import OutputFormat
from .speech import Synthesized, pieces, synthesize, voice_seconds
from .ssml import MOST_BYTES, read_ssml
from .voices import voice_list


class SynthesisOverHttp:
    """Answers the requests of clients that were let in.

    Args:
        behaviour: How long a voice is, and how it is sent.
        synthesized: Called with each voice that was sent completely.
    """

    def __init__(self, behaviour: Behaviour, synthesized: Callable[[Synthesized], None]) -> None:
        self._behaviour = behaviour
        self._synthesized = synthesized

    async def speak(self, request: web.Request, *, any_voice: bool = False) -> web.StreamResponse:
        """Answer an SSML document with its audio.

        Args:
            request: The request.
            any_voice: A voice may have any name: the client asks a custom deployment.
        """
        try:
            form = OutputFormat.parse(request.headers.get("X-Microsoft-OutputFormat", ""))
            ssml = await read_within(request.content.readany, MOST_BYTES)
            document = read_ssml(ssml, any_voice=any_voice)
        except (WireError, BodyTooLargeError) as error:
            return web.Response(status=400, text=str(error))
        voice = synthesize(document.text, voice_seconds(document.text, self._behaviour), form.sample_rate)
        response = web.StreamResponse(headers={"Content-Type": form.content_type})
        await response.prepare(request)
        async for piece in pieces(await encode(voice, form), voice.seconds, self._behaviour):
            await response.write(piece)
        self._synthesized(Synthesized(document.text, voice, ssml.decode(errors="replace")))
        return response

    async def list_voices(self, _: web.Request) -> web.Response:
        """Answer with the voices that Azure has, or some of them."""
        return web.json_response(voice_list())
