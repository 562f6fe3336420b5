"""Engine ``docker``: containers by the Docker Engine API (Docker; Podman's compatible service)."""

from modelyard.adapters.engines.docker.engine import DockerEngine

__all__ = ["DockerEngine"]
