"""Reads the SSML documents that clients send, and refuses what Azure refuses, in its words."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from ..transport.wire import WireError
from .voice_names import check_voice_name

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_BESIDE_VOICES = ("backgroundaudio", "voice", "voiceconversion")
"""What a document may contain beside its voices."""
MOST_BYTES = 65_536
"""A longer document is refused, as Azure does."""


@dataclass(frozen=True)
class Bookmark:
    """A mark in a document.

    Args:
        name: What the client calls it.
        position: The number of letters before it.
    """

    name: str
    position: int


@dataclass(frozen=True)
class Document:
    """What a document says.

    Args:
        text: Its words.
        bookmarks: Its marks, in order.
    """

    text: str
    bookmarks: tuple[Bookmark, ...] = ()


def read_ssml(ssml: bytes | str, *, any_voice: bool = False, needs_voice: bool = True) -> Document:
    """Read a document.

    Args:
        ssml: The document.
        any_voice: It may ask for a voice of any name: those of a custom deployment are the customer's own.
        needs_voice: It must ask for a voice. A client that has the language detected asks for none.

    Raises:
        WireError: Azure would refuse it; the message is the reason that it gives.
    """
    document = ssml.encode("utf-8", "surrogatepass") if isinstance(ssml, str) else ssml
    if len(document) > MOST_BYTES:
        raise WireError(f"The SSML has {len(document)} bytes, more than {MOST_BYTES}.")
    reader = _Reader(any_voice)
    parser = ElementTree.XMLParser(target=reader)
    try:
        parser.feed(document)
        parser.close()
    except WireError:
        raise
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the last two for its encoding
        raise WireError(f"The SSML is not XML: {error}.") from error
    if needs_voice and not reader.voices:
        raise WireError("Ssml should contain at least one [VOICE] tag.")
    return reader.document


class _Reader:
    """Takes the events of the parser (ElementTree calls this a target)."""

    def __init__(self, any_voice: bool) -> None:
        self.voices = 0
        self._any_voice = any_voice
        self._depth = 0
        self._texts: list[str] = []
        self._length = 0
        self._bookmarks: list[Bookmark] = []

    @property
    def document(self) -> Document:
        text = "".join(self._texts)
        indent = len(text) - len(text.lstrip())
        marks = (Bookmark(mark.name, max(0, mark.position - indent)) for mark in self._bookmarks)
        return Document(text.strip(), tuple(marks))

    def doctype(self, *_: str | None) -> None:
        """Azure refuses it; and its entities could make a short document a huge text."""
        raise WireError("The SSML must not have a DTD.")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if self._depth == 0:
            _check_root(name, attributes)
        elif self._depth == 1 and name not in _BESIDE_VOICES:
            raise WireError(f"Node [speak] with type [RootSpeak] should not contain node [{name[:40]}].")
        self._depth += 1
        if name == "voice":
            self.voices += 1
            if not self._any_voice:
                check_voice_name(attributes.get("name", ""))
        elif name == "bookmark":
            self._bookmarks.append(Bookmark(attributes.get("mark", ""), self._length))

    def end(self, _: str) -> None:
        self._depth -= 1

    def data(self, text: str) -> None:
        self._texts.append(text)
        self._length += len(text)

    def close(self) -> None:
        """The document is over."""


def _check_root(name: str, attributes: dict[str, str]) -> None:
    if name != "speak":
        raise WireError(f"The root of the SSML must be [speak], not [{name[:40]}].")
    if not attributes.get(_LANGUAGE):
        raise WireError("Ssml should only contain one language.")
