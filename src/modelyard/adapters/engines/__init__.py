"""What executes containers: ``local`` is the embedded default, ``docker`` speaks the Docker Engine API."""
