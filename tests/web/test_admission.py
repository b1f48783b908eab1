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
    assert await admit(PasswordAdmission("pässwörd"), "pässwörd") == Admitted()


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        ("", "password_needed"),
        ("another", "password_wrong"),
        ("pässwör", "password_wrong"),
        ("\ud800", "password_wrong"),
    ],
)
async def test_another_password_does_not(credential: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await admit(PasswordAdmission("pässwörd"), credential)
    assert (refused.value.code, refused.value.status) == (code, 401)


def test_an_empty_password_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        PasswordAdmission("")


def test_a_credential_is_not_shown() -> None:
    assert "secret" not in repr(Visitor("secret", {"Authorization": "Bearer secret"}))
