"""The names that DVC has for the bytes of a repository."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from modelyard.kit.db import Base


class DvcObjectRow(Base):
    """A name of DVC's (``rules.ObjectName``) and the digest of the blob (``sha256:…``) that it stands for.

    The row gives no right to read: the repository's grants on the blob do.
    """

    __tablename__ = "dvc_objects"
    __table_args__ = (sa.Index("ix_dvc_objects_repository_id_digest", "repository_id", "digest"),)

    repository_id: Mapped[UUID] = mapped_column(sa.ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True)
    layout: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(71))
