"""Python packages: resolved by ``uv``, fetched over HTTP by hash."""
