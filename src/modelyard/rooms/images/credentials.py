"""How people sign in to registries elsewhere, for imports. A secret is kept encrypted and never shown again."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from modelyard.kit.clock import Clock
from modelyard.kit.ids import new_id
from modelyard.kit.secrets import SecretBox
from modelyard.rooms.images import store
from modelyard.rooms.images.errors import CredentialMissing, TooManyCredentials
from modelyard.rooms.images.ports import Login, RemoteRegistries
from modelyard.rooms.images.references import normal_host, parse_reference, shown_host
from modelyard.rooms.images.schemas import NewRegistryCredential, RegistryCredential
from modelyard.rooms.images.tables import RegistryCredentialRow

MAX_CREDENTIALS = 50


@dataclass(frozen=True, slots=True)
class ImportTools:
    """What importing from other registries needs; ``max_bytes`` bounds each blob that is fetched."""

    remotes: RemoteRegistries
    secrets: SecretBox
    max_bytes: int


def save_credential(
    session: Session, *, account_id: UUID, wanted: NewRegistryCredential, secrets: SecretBox, clock: Clock
) -> RegistryCredential:
    """Keeps a sign-in, in the place of an earlier one to the same registry. Raises ``ReferenceRefused``."""
    host = normal_host(wanted.registry)
    store.delete_credential(session, account_id, host=host)
    if len(store.credentials(session, account_id)) >= MAX_CREDENTIALS:
        raise TooManyCredentials(f"There are {MAX_CREDENTIALS} already.", remedy="Delete one that you do not use.")
    values = {"id": new_id(), "account_id": account_id, "host": host, "username": wanted.username}
    sealed = secrets.seal(wanted.secret.get_secret_value())
    return _present(store.insert_credential(session, values | {"secret": sealed, "created_at": clock()}))


def list_credentials(session: Session, account_id: UUID) -> list[RegistryCredential]:
    """The account's own, by registry."""
    return [_present(row) for row in store.credentials(session, account_id)]


def delete_credential(session: Session, *, account_id: UUID, credential_id: UUID) -> None:
    """Raises ``CredentialMissing``."""
    if not store.delete_credential(session, account_id, id=credential_id):
        raise CredentialMissing(remedy="See the list of them.")


def login_for(session: Session, *, account_id: UUID, reference: str, secrets: SecretBox) -> Login | None:
    """The account's sign-in to the registry of an image; None where it has none. Raises ``ReferenceRefused``."""
    row = store.credential(session, account_id, host=parse_reference(reference).host)
    return (row.username, secrets.open(row.secret)) if row else None


def _present(row: RegistryCredentialRow) -> RegistryCredential:
    return RegistryCredential(
        id=row.id, registry=shown_host(row.host), username=row.username, created_at=row.created_at
    )
