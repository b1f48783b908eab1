from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import pytest

from livekit_plugins_azure_interpreter.web import InviteAdmission, LiveKit, OpenAdmission, PasswordAdmission
from livekit_plugins_azure_interpreter.web.launch import Launch, add_options

_CLOUD = {"LIVEKIT_URL": "wss://a.livekit.cloud", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret"}
_PROXY = ("--behind-proxy", "https://meet.example.com")


def launch(*arguments: str, **environment: str) -> Launch:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return Launch.read(parser.parse_args(arguments), {"PATH": "", **environment})


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, ...]:
    """A certificate and its key, as options."""
    files = (str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = [*make, "-subj", "/CN=meet.example.com", "-out", files[0], "-keyout", files[1]]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return ("--tls-certificate", files[0], "--tls-key", files[1])


class TestAdmission:
    def test_a_meeting_on_loopback_is_open(self) -> None:
        assert isinstance(launch(**_CLOUD).admission, OpenAdmission)

    def test_a_password_lets_in(self) -> None:
        for arguments in ((), _PROXY):
            admission = launch(*arguments, **_CLOUD, MEETING_PASSWORD="a").admission
            assert isinstance(admission, PasswordAdmission)

    def test_others_need_an_invite(self, certificate: tuple[str, ...]) -> None:
        for arguments in (_PROXY, ("--listen", "0.0.0.0", *certificate)):
            assert isinstance(launch(*arguments, **_CLOUD).admission, InviteAdmission)


class TestRecord:
    def test_nothing_is_recorded_unless_it_is_wanted(self) -> None:
        assert launch(**_CLOUD).record == ""

    def test_a_meeting_is_recorded_where_the_option_or_the_variable_says(self, tmp_path: Path) -> None:
        place = str(tmp_path / "meetings.db")
        assert launch("--record", place, **_CLOUD).record == place
        assert launch(**_CLOUD, MEETING_RECORD=place).record == place
        assert launch("--record", place, **_CLOUD, MEETING_RECORD="redis://localhost").record == place

    def test_a_record_in_no_folder_is_a_mistake(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="the folder of the record does not exist"):
            launch("--record", str(tmp_path / "none" / "meetings.db"), **_CLOUD)


class TestReach:
    @pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
    def test_loopback_needs_no_tls(self, address: str) -> None:
        assert launch("--listen", address, **_CLOUD).reach.loopback

    @pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
    def test_another_address_needs_tls_or_a_proxy(self, address: str, certificate: tuple[str, ...]) -> None:
        with pytest.raises(ValueError, match="browsers give a microphone only to"):
            launch("--listen", address, **_CLOUD)
        assert not launch("--listen", address, *certificate, **_CLOUD).reach.loopback
        assert launch("--listen", address, *_PROXY, **_CLOUD).reach.public_url == _PROXY[1]

    def test_a_name_of_a_machine_is_no_address(self) -> None:
        with pytest.raises(ValueError, match="--listen must be an address"):
            launch("--listen", "meet.example.com", **_CLOUD)

    def test_origins_are_let_in(self) -> None:
        origin = "https://pages.example"
        assert launch("--allow-origin", origin, **_CLOUD).reach.shares_with(origin)


class TestTls:
    def test_a_certificate_needs_its_key(self) -> None:
        for name in ("--tls-certificate", "--tls-key"):
            with pytest.raises(ValueError, match="need each other"):
                launch(name, "file.pem", **_CLOUD)

    def test_a_certificate_that_is_none_is_said(self, tmp_path: Path) -> None:
        nothing = tmp_path / "nothing.pem"
        arguments = ("--tls-certificate", str(nothing), "--tls-key", str(nothing))
        with pytest.raises(FileNotFoundError):
            launch(*arguments, **_CLOUD)
        nothing.write_text("nothing")
        with pytest.raises(ValueError, match="are not a pair of PEM files"):
            launch(*arguments, **_CLOUD)

    @pytest.mark.parametrize("url", ["ws://livekit.example.com", "http://192.0.2.1:7880"])
    def test_a_page_of_https_needs_wss(self, url: str) -> None:
        with pytest.raises(ValueError, match="only by wss://"):
            launch(*_PROXY, **{**_CLOUD, "LIVEKIT_URL": url})

    def test_a_server_of_this_machine_needs_none(self) -> None:
        assert launch(*_PROXY, **{**_CLOUD, "LIVEKIT_URL": "ws://127.0.0.1:7880"}).tls is None


class TestRoom:
    def test_a_room_has_a_name(self) -> None:
        with pytest.raises(ValueError, match="the name of the room must not be empty"):
            launch("--room", " ", **_CLOUD)


class TestNeeds:
    def test_the_server_of_the_variables_is_used(self) -> None:
        assert launch(**_CLOUD).needs.livekit == LiveKit("wss://a.livekit.cloud", "key", "secret")

    def test_others_cannot_reach_a_server_of_this_machine(self, tmp_path: Path) -> None:
        binary = tmp_path / "livekit-server"
        binary.touch(mode=0o755)
        with pytest.raises(ValueError, match="others cannot reach a LiveKit server"):
            launch(*_PROXY, LIVEKIT_SERVER_BIN=str(binary))
        assert launch(LIVEKIT_SERVER_BIN=str(binary)).needs.binary == str(binary)
