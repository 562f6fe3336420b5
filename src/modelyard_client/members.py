"""Who belongs to a repository or an organisation."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from modelyard_client.answers import Member, MemberInvitation, Organisation
from modelyard_client.transport import Transport


class Members:
    """Members and organisations, as ``Client.members``. A place is ``owner/name``, or the name of an organisation."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_all(self, place: str) -> list[Member]:
        """Of a repository also those who belong to it through its organisation."""
        return self._items(f"{_path(place)}/members")

    def change(self, place: str, username: str, *, role: str, expires_at: str | None = None) -> Member:
        """``expires_at``: when the membership ends by itself, ISO 8601; None for never."""
        body = {"role": role, "expires_at": expires_at}
        return self._transport.json("PUT", f"{_path(place)}/members/{username}", json=body)

    def remove(self, place: str, username: str) -> None:
        """Also oneself."""
        self._transport.json("DELETE", f"{_path(place)}/members/{username}")

    def invite(self, place: str, username: str | None = None, **wanted: Any) -> MemberInvitation:
        """Invites an account, or (None) makes a link, whose ``url`` is in the answer and nowhere else.

        ``wanted``: role, expires_in_days, member_until.
        """
        body = {"username": username, **wanted}
        return self._transport.json("POST", f"{_path(place)}/invitations", json=body, key=str(uuid4()))

    def list_invitations(self) -> list[MemberInvitation]:
        """Those that name the caller."""
        return self._items("/account/invitations")

    def accept(self, invitation_id: str) -> MemberInvitation:
        return self._transport.json("POST", f"/account/invitations/{invitation_id}/accept")

    def list_organisations(self) -> list[Organisation]:
        """Those that the caller belongs to."""
        return self._items("/organisations")

    def create_organisation(self, name: str, *, display_name: str = "") -> Organisation:
        body = {"username": name, "display_name": display_name}
        return self._transport.json("POST", "/organisations", json=body, key=str(uuid4()))

    def delete_organisation(self, name: str) -> None:
        """One without repositories; its name is not given again."""
        self._transport.json("DELETE", f"/organisations/{name}")

    def transfer(self, address: str, to: str) -> Mapping[str, Any]:
        """Gives a repository away: ``repository`` where that is done, ``offer`` where the other side is asked."""
        return self._transport.json("POST", f"{_path(address)}/transfer", json={"to": to})

    def _items(self, path: str) -> list[Any]:
        return list(self._transport.pages(path))


def _path(place: str) -> str:
    return f"/repos/{place}" if "/" in place else f"/organisations/{place}"
