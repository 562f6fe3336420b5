"""Resolves and fetches Debian packages with ``apt-get``: any suite and architecture, no root, no host state."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

from modelyard.adapters.debian.mirrors import Mirrors, read_mirrors
from modelyard.kit.errors import ModelyardError, StorageFull
from modelyard.rooms.images.errors import MirrorUnavailable, UnknownSystemPackage
from modelyard.rooms.images.schemas import SystemPackage

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LISTS_MAX_AGE_S = 24 * 3600
TIMEOUT_S = 1800
WORK = "apt-"


def can_fetch_packages(keyring: Path = KEYRING) -> bool:
    """Whether this machine has ``apt-get`` and Debian's signing keys."""
    return shutil.which("apt-get") is not None and shutil.which("gpgv") is not None and keyring.exists()


@dataclass(frozen=True)
class AptPackages:
    """A ``PackageSource``. ``folder`` keeps the lists of packages, and each package from ``resolve`` to ``fetch``."""

    folder: Path
    mirrors: Mirrors = field(default_factory=read_mirrors)
    keyring: Path = KEYRING

    def resolve(
        self, names: Sequence[str], *, suite: str, architecture: str, installed: str, refresh: bool
    ) -> list[SystemPackage]:
        """See ``ports.PackageSource``. Packages are fetched here too, as their hashes are computed from the files."""
        with self._apt(suite, architecture, installed) as apt:
            if refresh or apt.lists_are_old():
                apt.update()
            try:
                apt.download(names)
            except (UnknownSystemPackage, MirrorUnavailable):
                if refresh:
                    raise
                apt.update()
                apt.download(names)
            files = [apt.keep(file, self._store(suite)) for file in apt.downloaded()]
        return sorted((_package(file) for file in files), key=lambda package: package.name)

    def fetch(self, packages: Sequence[SystemPackage], target: Path, *, suite: str, architecture: str) -> list[Path]:
        """See ``ports.PackageSource``. Moves the files out of ``folder``, which is on the same file system."""
        missing = [package for package in packages if not self._stored(package, suite).exists()]
        if missing:
            self._fetch_again(missing, suite, architecture)
        stored = [self._stored(package, suite) for package in packages]
        return [file.replace(target / file.name) for file in stored]

    def _fetch_again(self, packages: Sequence[SystemPackage], suite: str, architecture: str) -> None:
        with self._apt(suite, architecture, "") as apt:
            if apt.lists_are_old():
                apt.update()
            names = [f"{package.name}={package.version}" for package in packages]
            apt.download_exactly(names)
            for file in apt.downloaded():
                apt.keep(file, self._store(suite))
        for package in packages:
            stored = self._stored(package, suite)
            if not stored.exists() or _sha256(stored) != package.sha256:
                raise UnknownSystemPackage(
                    f"The Debian archive no longer has {package.name} {package.version} as it was locked.",
                    remedy="Build a new version, which takes today's packages.",
                    field="system_packages",
                )

    def _store(self, suite: str) -> Path:
        return self.folder / "packages" / suite

    def _stored(self, package: SystemPackage, suite: str) -> Path:
        version = package.version.replace(":", "%3a")
        return self._store(suite) / f"{package.name}_{version}_{package.architecture}.deb"

    @contextmanager
    def _apt(self, suite: str, architecture: str, installed: str) -> Iterator["_Apt"]:
        lists = self.folder / f"{suite}-{architecture}"
        (lists / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        with (lists / "in-use").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in lists.glob(f"{WORK}*"):  # by a crash: whoever works here holds the lock
                shutil.rmtree(left, ignore_errors=True)
            with TemporaryDirectory(dir=lists, prefix=WORK) as name:
                yield _Apt(Path(name), lists, suite, architecture, installed, self)


def _package(file: Path) -> SystemPackage:
    name, version, architecture = file.name.removesuffix(".deb").rsplit("_", 2)
    return SystemPackage(name, unquote(version), architecture, _sha256(file))


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Apt:
    """One session of ``apt-get`` with its own configuration, package database and cache."""

    def __init__(
        self, work: Path, lists: Path, suite: str, architecture: str, installed: str, source: AptPackages
    ) -> None:
        self._archives = work / "archives"
        self._stamp = lists / "updated"
        self._environment = {**_inherited(), "APT_CONFIG": str(work / "apt.conf"), "LC_ALL": "C"}
        (self._archives / "partial").mkdir(parents=True)
        (work / "status").write_text(installed)
        (work / "debian.sources").write_text(_sources(suite, source))
        (work / "apt.conf").write_text(_configuration(work, lists, architecture) + _host_configuration())

    def lists_are_old(self) -> bool:
        try:
            return time.time() - self._stamp.stat().st_mtime > LISTS_MAX_AGE_S
        except FileNotFoundError:
            return True

    def update(self) -> None:
        self._run("update", "-q", "-o", "APT::Update::Error-Mode=any")
        self._stamp.touch()

    def download(self, names: Sequence[str]) -> None:
        self._run("install", "--download-only", *_INSTALL, *names)

    def download_exactly(self, names: Sequence[str]) -> None:
        """Fetches these packages (``name=version``) and nothing that they depend on."""
        self._run("download", *names, cwd=self._archives)

    def downloaded(self) -> list[Path]:
        return sorted(self._archives.glob("*.deb"))

    def keep(self, file: Path, store: Path) -> Path:
        store.mkdir(parents=True, exist_ok=True)
        return file.replace(store / file.name)

    def _run(self, *arguments: str, cwd: Path | None = None) -> None:
        try:
            done = subprocess.run(
                ["apt-get", *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                cwd=cwd,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as e:
            raise MirrorUnavailable(f"apt-get could not be run: {e}") from e
        if done.returncode:
            raise _error(done.stderr)


_INSTALL = ("--yes", "--no-install-recommends", "-q", "--allow-downgrades")


def _error(output: str) -> ModelyardError:
    reasons = [line.removeprefix("E: ") for line in output.splitlines() if line.startswith("E: ")]
    text = " ".join(reasons)[:1000] or output.strip()[-1000:]
    if re.search(r"No space left|enough free space", text):
        return StorageFull("There is no room left for system packages.")
    if re.search(r"Unable to locate package|has no installation candidate|Version '.*' for|Can't find", text):
        return UnknownSystemPackage(
            f"Debian has no such package: {text}",
            remedy="Check its name at packages.debian.org.",
            field="system_packages",
        )
    if "held broken packages" in text or "unmet dependencies" in text:
        return UnknownSystemPackage(f"The system packages do not fit together: {text}", field="system_packages")
    return MirrorUnavailable(f"Packages could not be fetched from the Debian mirror: {text}", remedy="Try again later.")


def _inherited() -> dict[str, str]:
    """Of the environment, what apt needs to reach the network as the host does."""
    wanted = re.compile(r"PATH|HOME|TMPDIR|SSL_CERT_(?:FILE|DIR)|(?:https?|ftp|no)_proxy", re.IGNORECASE)
    return {name: value for name, value in os.environ.items() if wanted.fullmatch(name)}


def _sources(suite: str, source: AptPackages) -> str:
    signed = f"Components: main\nSigned-By: {source.keyring}\n"
    return (
        f"Types: deb\nURIs: {source.mirrors.archive}\nSuites: {suite} {suite}-updates\n{signed}\n"
        f"Types: deb\nURIs: {source.mirrors.security}\nSuites: {suite}-security\n{signed}"
    )


def _configuration(work: Path, lists: Path, architecture: str) -> str:
    return f"""\
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "{work}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "/dev/null";
Dir::State "{work}";
Dir::State::lists "{lists}/lists";
Dir::State::status "{work}/status";
Dir::State::extended_states "{work}/extended_states";
Dir::Cache "{lists}";
Dir::Cache::archives "{work}/archives";
Dir::Log "{work}";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
APT::Install-Suggests "false";
Acquire::Languages "none";
Acquire::Retries "3";
"""


def _host_configuration() -> str:
    """The host's proxies, certificates and timeouts; none of its hooks."""
    try:
        dump = subprocess.run(
            ["apt-config", "dump", "Acquire"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = [line for line in dump.splitlines() if re.match(r"Acquire::(?:http|https|ftp)::\S+ \".+\";$", line)]
    return "\n".join(lines) + "\n"
