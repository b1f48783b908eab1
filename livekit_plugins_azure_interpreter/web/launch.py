"""What a command line and the variables ask for, checked before anything starts."""

from __future__ import annotations

import argparse
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..record import open_record
from .admission import Admission, InviteAdmission, OpenAdmission, PasswordAdmission
from .local_services import Needs
from .reach import Reach

PASSWORD = "MEETING_PASSWORD"
RECORD = "MEETING_RECORD"


@dataclass(frozen=True)
class Launch:
    """A meeting that can be started.

    Attributes:
        needs: What must be started for it.
        admission: Who may join.
        reach: How browsers get to the page.
        tls: The certificate of the page, with its key.
        record: Where the meeting is recorded; "" if it is not.
    """

    needs: Needs
    admission: Admission
    reach: Reach
    tls: ssl.SSLContext | None
    record: str

    @classmethod
    def read(cls, options: argparse.Namespace, environment: Mapping[str, str]) -> Launch:
        """Check what is asked for.

        Args:
            options: Those of `add_options`.
            environment: The variables.

        Raises:
            ValueError: People could not join, or more people than are meant to.
            OSError: The certificate or its key cannot be read.
            ImportError: The meeting is recorded in a Redis, and the package `redis` is not installed.
        """
        if not options.room.strip():
            raise ValueError("the name of the room must not be empty")
        reach = Reach(_is_loopback(options.listen), options.behind_proxy, frozenset(options.allow_origin))
        tls = _tls(options.tls_certificate, options.tls_key)
        is_local = reach.loopback and reach.public_url is None
        if not reach.loopback and tls is None and reach.public_url is None:
            raise ValueError(
                "browsers give a microphone only to a page of https:// or of localhost: with --listen, give "
                "--tls-certificate and --tls-key, or --behind-proxy with the address that a proxy has"
            )
        needs = Needs.of(environment)
        if needs.livekit is None and not is_local:
            raise ValueError(
                "others cannot reach a LiveKit server that is started here: set LIVEKIT_URL, LIVEKIT_API_KEY "
                "and LIVEKIT_API_SECRET"
            )
        is_secure = tls is not None or (reach.public_url or "").startswith("https://")
        if needs.livekit is not None and is_secure and not _fits_a_secure_page(needs.livekit.url):
            raise ValueError("a page of https:// can reach LiveKit only by wss://: change LIVEKIT_URL")
        admission = _admission(environment.get(PASSWORD, ""), is_local=is_local)
        # An address with a password belongs in the variable: all users of a machine can read arguments.
        record = options.record or environment.get(RECORD, "")
        if record:
            open_record(record)
        return cls(needs, admission, reach, tls, record)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command.

    Args:
        parser: Gets them.
    """
    parser.add_argument("--room", default="meeting", help="the name of the room (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="where the page is (default: %(default)s)")
    parser.add_argument(
        "--listen",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="the address of this machine on which it listens; 0.0.0.0: on all (default: %(default)s)",
    )
    parser.add_argument("--tls-certificate", metavar="FILE", help="serve the page by https:// (PEM)")
    parser.add_argument("--tls-key", metavar="FILE", help="the key of the certificate (PEM)")
    parser.add_argument(
        "--behind-proxy",
        metavar="URL",
        help="a proxy that has TLS passes requests on to this page, and people open this address; the proxy "
        "must set X-Forwarded-For",
    )
    parser.add_argument(
        "--allow-origin",
        metavar="URL",
        action="append",
        default=[],
        help="let a page of this origin ask for tokens; can be given again",
    )
    parser.add_argument(
        "--consecutive",
        dest="mode",
        action="store_const",
        const="consecutive",
        default="simultaneous",
        help="people speak in turn: while an interpretation is heard, the others wait",
    )
    parser.add_argument(
        "--record",
        metavar="PLACE",
        help="record the meeting in this file of SQLite or this Redis (redis://...), and let people in the "
        "meeting download what was said; they are told before they join (default: MEETING_RECORD)",
    )
    parser.add_argument("--verbose", action="store_true", help="show what all started programs write")


def _admission(password: str, *, is_local: bool) -> Admission:
    if password:
        return PasswordAdmission(password)
    return OpenAdmission() if is_local else InviteAdmission()


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if (certificate is None) != (key is None):
        raise ValueError("--tls-certificate and --tls-key need each other")
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ValueError(f"--tls-certificate and --tls-key are not a pair of PEM files: {error}") from error
    return context


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError as error:
        raise ValueError(f"--listen must be an address such as 0.0.0.0, got {address!r}") from error


def _fits_a_secure_page(server_url: str) -> bool:
    url = urlsplit(server_url)
    return url.scheme in ("wss", "https") or url.hostname in ("localhost", "127.0.0.1", "::1")
