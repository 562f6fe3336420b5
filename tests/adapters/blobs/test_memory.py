"""The fake keeps the contract of the content store."""

import pytest

from contracts.blob_store import BlobStoreContract
from fakes.blob_store import MemoryBlobStore


class TestMemoryBlobStore(BlobStoreContract):
    @pytest.fixture
    def store(self) -> MemoryBlobStore:
        return MemoryBlobStore()
