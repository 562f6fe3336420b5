"""HTTP of sign-ins to other registries: ``/api/v1/registry-credentials``."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, status

from modelyard.kit.clock import Clock
from modelyard.kit.http import Reading, Writing, provided
from modelyard.rooms.access.idempotency import IdempotentRoute
from modelyard.rooms.access.policies import Creator, SignedIn, own_id
from modelyard.rooms.images import credentials
from modelyard.rooms.images.credentials import ImportTools
from modelyard.rooms.images.schemas import NewRegistryCredential, RegistryCredential

router = APIRouter(prefix="/api/v1/registry-credentials", tags=["images"], route_class=IdempotentRoute)


@router.get("", operation_id="list_registry_credentials")
def list_registry_credentials(session: Reading, principal: SignedIn) -> list[RegistryCredential]:
    """Your sign-ins to registries elsewhere, without their secrets."""
    return credentials.list_credentials(session, own_id(principal))


@router.post("", status_code=status.HTTP_201_CREATED, operation_id="save_registry_credential")
def save_registry_credential(
    session: Writing,
    principal: Creator,
    wanted: NewRegistryCredential,
    tools: Annotated[ImportTools, Depends(provided(ImportTools))],
    clock: Annotated[Clock, Depends(provided(Clock))],
) -> RegistryCredential:
    """Keeps a sign-in for imports of images, in the place of an earlier one to the same registry."""
    return credentials.save_credential(
        session, account_id=own_id(principal), wanted=wanted, secrets=tools.secrets, clock=clock
    )


@router.delete("/{credential_id}", status_code=status.HTTP_204_NO_CONTENT, operation_id="delete_registry_credential")
def delete_registry_credential(session: Writing, principal: SignedIn, credential_id: UUID) -> None:
    """Forgets a sign-in."""
    credentials.delete_credential(session, account_id=own_id(principal), credential_id=credential_id)
