"""The caller's sign-ins to registries elsewhere, from which images are imported."""

from uuid import uuid4

from modelyard_client.answers import RegistrySignIn
from modelyard_client.transport import Transport

PLACE = "/registry-credentials"


class Registries:
    """The sign-ins that one server keeps for its caller, as ``Client.registries``; one for each registry."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list_all(self) -> list[RegistrySignIn]:
        """Without their secrets."""
        return self._transport.json("GET", PLACE)

    def save(self, registry: str, *, username: str, secret: str) -> RegistrySignIn:
        """Keeps a sign-in, in the place of an earlier one to the same registry."""
        wanted = {"registry": registry, "username": username, "secret": secret}
        return self._transport.json("POST", PLACE, json=wanted, key=str(uuid4()))

    def delete(self, id: str) -> None:
        """Forgets a sign-in; what was imported with it stays."""
        self._transport.json("DELETE", f"{PLACE}/{id}")
