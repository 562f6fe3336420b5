"""Settings of a server: environment variables ``MODELYARD_…`` (docs/guides/settings.md lists them all)."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from modelyard.rooms.accounts.schemas import Role, SignUp
from modelyard.rooms.usage.schemas import QuotaKind


def default_data_dir() -> Path:
    return Path.home() / ".local/share/modelyard"


class Settings(BaseSettings):
    """Everything an operator may set. Sizes in bytes, durations in seconds; lists as JSON."""

    model_config = SettingsConfigDict(env_prefix="MODELYARD_", extra="ignore")

    data_dir: Path = Field(default_factory=default_data_dir, description="Where everything is kept.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(None, description="The address people open; default http://localhost:<port>.")
    trusted_proxies: tuple[str, ...] = Field((), description="Addresses whose X-Forwarded-For is believed.")

    database_url: str | None = Field(None, description="SQLAlchemy URL; default a SQLite file in data_dir.")

    store: Literal["local", "s3"] = Field("local", description="Where blobs are kept.")
    s3_bucket: str = Field("", description="Bucket, with store=s3.")
    s3_prefix: str = Field("", description="Put before every name in the bucket.")
    s3_endpoint: str | None = Field(None, description="URL of an S3-compatible server; default AWS.")
    s3_region: str | None = Field(None, description="Region of the bucket.")
    s3_access_key_id: str | None = Field(None, description="Default: looked for in the environment.")
    s3_secret_access_key: SecretStr | None = Field(None, description="Default: looked for in the environment.")

    engine: Literal["local", "docker"] = Field("local", description="What executes containers.")
    isolation: Literal["auto", "namespaces", "chroot", "none"] = Field(
        "auto", description="Isolation level of engine local; auto takes the best that works."
    )
    docker_url: str = Field("unix:///var/run/docker.sock", description="Docker Engine API, with engine=docker.")
    docker_runtime: str | None = Field(None, description="Runtime of engine docker, such as runsc.")
    trusted_creators: tuple[str, ...] = Field(
        (), description="Accounts whose code may run where isolation is below namespaces; administrators always may."
    )

    sign_up: SignUp = Field(SignUp.CLOSED, description="closed, invited or open, until an administrator changes it.")
    sign_up_role: Literal[Role.READER, Role.CREATOR] = Field(
        Role.READER, description="What uninvited newcomers are: reader or creator, until an administrator changes it."
    )
    require_sign_in: bool = Field(False, description="Whether 'public' means every account instead of the world.")

    python: str = Field("3.11", pattern=r"^3\.\d+$", description="Python of images whose push asks for none.")
    index_url: str | None = Field(None, description="Package index instead of PyPI.")
    extra_index_urls: tuple[str, ...] = Field((), description="Further package indexes.")
    find_links: tuple[str, ...] = Field((), description="Folders or pages of wheels.")
    ca_bundle: Path | None = Field(None, description="PEM file of authorities to trust when fetching packages or data.")
    base_reference: str = Field(
        "docker.io/library/python:{python}-slim", description="Base image where there is no apt-get."
    )
    import_registries: tuple[str, ...] = Field(
        (), description="Registries on private addresses that images may be imported from: host or host:port."
    )
    import_hosts: tuple[str, ...] = Field(
        (), description="Hosts on private addresses that data may be fetched from: host or host:port."
    )
    builds: int = Field(2, ge=1, le=64, description="How many versions are built at a time.")

    max_memory_bytes: int = Field(16 * 1024**3, ge=1, description="Most memory that a version may ask for.")
    max_cpus: float = Field(16, gt=0, description="Most cores that a version may ask for.")
    max_disk_bytes: int = Field(16 * 1024**3, ge=1, description="Most scratch space that a version may ask for.")
    max_pids: int = Field(4096, ge=1, description="Most processes that a version may ask for.")
    max_check_seconds: float = Field(1800, gt=0, description="Longest load check that a version may ask for.")
    allow_network: bool = Field(
        False, description="Whether versions may ask for a network; with engine local it is the host's own."
    )

    runner_cpus: float | None = Field(None, gt=0, description="Cores for runs; default all of the machine's.")
    runner_memory_bytes: int | None = Field(None, ge=1, description="Memory for runs; default three quarters of it.")
    runner_labels: tuple[str, ...] = Field((), description="Labels that runs may ask of this machine.")
    runs_per_account: int = Field(16, ge=1, description="Runs of one account that may be under way at a time.")
    run_seconds: float = Field(3600, gt=0, description="How long a run may take that does not say so itself.")

    max_upload_bytes: int = Field(100 * 1024**3, ge=1, description="Largest upload.")
    upload_lifetime: timedelta = Field(timedelta(days=2), description="How long an upload may rest.")
    git_max_push_bytes: int = Field(2 * 1024**3, ge=1, description="Most that one push by Git may send.")
    git_max_file_bytes: int = Field(
        100 * 1024**2, ge=1, description="Largest file that a push by Git may hold outside Git LFS."
    )
    gc_grace: timedelta = Field(timedelta(hours=24), description="How long a blob that nobody holds is kept.")
    images_keep_bytes: int = Field(20 * 1024**3, ge=0, description="Unpacked images kept beyond those in use.")
    results_keep_bytes: int = Field(10 * 1024**3, ge=0, description="Tables and previews kept to be looked at again.")

    max_replicas: int = Field(16, ge=1, description="Boxes that may run at a time.")
    idle_stop: timedelta = Field(timedelta(minutes=30), description="Default idle time after which a box is stopped.")
    keep_warm: bool = Field(False, description="Whether new deployments keep a box running unasked.")

    quotas: dict[QuotaKind, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="What every account may use that has no quota of its own, as JSON, such as "
        '{"cpu_seconds": 360000, "storage_bytes": 5e10}; docs/guides/usage.md lists the kinds.',
    )

    @property
    def url(self) -> str:
        """The site's own address, without a slash at its end."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'modelyard.sqlite'}"
