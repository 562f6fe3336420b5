"""Alembic migrations; ``apps.migrate`` runs them."""
