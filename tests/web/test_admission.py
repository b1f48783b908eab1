from __future__ import annotations

import pytest

from livekit_plugins_azure_interpreter.web import (
    Admission,
    Admitted,
    InviteAdmission,
    OpenAdmission,
    PasswordAdmission,
    Refusal,
    Visitor,
)


async def admit(admission: Admission, credential: str) -> Admitted:
    return await admission.admit(Visitor(credential, {}))


async def test_an_open_meeting_lets_everybody_in() -> None:
    assert OpenAdmission().needs == "nothing"
    assert await admit(OpenAdmission(), "") == Admitted()


async def test_a_meeting_for_the_invited_lets_nobody_else_in() -> None:
    assert InviteAdmission().needs == "invite"
    with pytest.raises(Refusal, match="ask for a link") as refused:
        await admit(InviteAdmission(), "something")
    assert (refused.value.code, refused.value.status) == ("invite_needed", 401)


async def test_the_password_lets_in() -> None:
    assert PasswordAdmission("a").needs == "password"
    assert await admit(PasswordAdmission("pass word?"), "pass word?") == Admitted()


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        ("", "password_needed"),
        ("another", "password_wrong"),
        ("pass word", "password_wrong"),
        ("pass word\udce4", "password_wrong"),
    ],
)
async def test_another_password_does_not(credential: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await admit(PasswordAdmission("pass word?"), credential)
    assert (refused.value.code, refused.value.status) == (code, 401)


@pytest.mark.parametrize("password", ["", " a", "a ", "pässwörd", "a\nb"])
def test_a_password_that_no_browser_can_send_is_a_mistake(password: str) -> None:
    with pytest.raises(ValueError, match="must have letters, digits and signs of ASCII"):
        PasswordAdmission(password)


def test_a_credential_is_not_shown() -> None:
    assert "secret" not in repr(Visitor("secret", {"Authorization": "Bearer secret"}))
