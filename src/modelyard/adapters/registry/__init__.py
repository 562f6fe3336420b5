"""Images in OCI registries, read over HTTP (distribution-spec 1.1)."""
