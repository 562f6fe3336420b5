"""Base images: of Debian packages where ``apt-get`` is, else pulled from a registry; layers of system packages."""

import os
import platform as machine_platform
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from modelyard.rooms.images import debs, errors, interpreters, rules
from modelyard.rooms.images.alternatives import alternative_links
from modelyard.rooms.images.bytecode import Interpreter, Source, compile_sources, is_wanted
from modelyard.rooms.images.layers import stored_entries
from modelyard.rooms.images.ports import PackageSource
from modelyard.rooms.images.pulled import pull_base
from modelyard.rooms.images.schemas import BaseImage, LayerRef, SystemPackage
from modelyard.rooms.images.supplies import Supplies
from modelyard.rooms.images.tars import Entry, dir_entry, file_entry, link_entry, read_content, tar_chunks

BASE_FORMAT = 1
"""Part of every base's key: raise it when the same packages are to give other bytes."""
USERS = (
    "root:x:0:0:root:/root:/usr/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    "box:x:10001:10001:box:/tmp:/usr/sbin/nologin\n"
)
GROUPS = "root:x:0:\ntty:x:5:\nstaff:x:50:\nnogroup:x:65534:\nbox:x:10001:\n"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def ensure_base(python: str, platform: str, *, supplies: Supplies, refresh: bool = False) -> BaseImage:
    """The base image of that Python and platform; made where it is not known, or anew where ``refresh``.

    A known base is used as it is, so that images stay the same until an operator asks for security updates.
    Raises ``PythonUnavailable``, ``MirrorUnavailable``, ``RegistryUnavailable`` or ``BaseUnavailable``.
    """
    rules.parse_platform(platform)
    key = rules.cache_key("base", BASE_FORMAT, rules.check_python(python), platform, supplies.base_reference)
    if not refresh and (base := _known(key, supplies)):
        return base
    with supplies.cache.exclusive(f"base-{key}"):
        if not refresh and (base := _known(key, supplies)):
            return base
        base = _make(python, platform, supplies)
        supplies.cache.write("bases", key, asdict(base))
        return base


def interpreter_for(base: BaseImage, *, supplies: Supplies) -> Interpreter:
    """A Python that compiles for ``base`` and starts on this machine: its own, or that of the same base for here."""
    here = rules.platform_of_machine(machine_platform.machine())
    if base.platform != here:
        base = ensure_base(base.python, here, supplies=supplies)
    folder = interpreter_folder(base, supplies)
    if not folder.exists():
        stored = (stored_entries(supplies.blobs, layer) for layer in base.layers)
        interpreters.unpack_tree(chain.from_iterable(stored), folder)
    machine = machine_platform.machine()
    return interpreters.find_interpreter(folder, base.interpreter, machine, version=base.python_version)


def known_bases(*, supplies: Supplies) -> list[BaseImage]:
    """The bases that were made here and not replaced."""
    records = sorted((supplies.cache.folder / "bases").glob("*.json"))
    return [base for file in records if (base := _known(file.stem, supplies))]


def forget_old_interpreters(*, supplies: Supplies) -> None:
    """Removes the unpacked interpreters of bases that were replaced, and what an interrupted unpacking left."""
    kept = {interpreter_folder(base, supplies) for base in known_bases(supplies=supplies)}
    for folder in (supplies.cache.folder / "interpreters").glob("*"):
        if folder not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def interpreter_folder(base: BaseImage, supplies: Supplies) -> Path:
    """Where the base's interpreter lies unpacked, once it was needed."""
    return supplies.cache.folder / "interpreters" / rules.cache_key([layer.digest for layer in base.layers])


def resolve_system_packages(names: Sequence[str], base: BaseImage, *, supplies: Supplies) -> tuple[SystemPackage, ...]:
    """The Debian packages to add to ``base`` so that ``names`` work; empty for no names."""
    wanted = rules.check_system_packages(names)
    if not wanted:
        return ()
    if supplies.packages is None or not base.suite:
        raise errors.UnknownSystemPackage(
            "This server cannot add system packages to this base image.",
            remedy="Leave them out, or ask the operator for a server with apt-get.",
            field="system_packages",
        )
    architecture = rules.parse_platform(base.platform)
    installed = base.status + "\n" + debs.left_out_status(architecture, wanted=wanted, installed=base.status)
    resolved = supplies.packages.resolve(
        wanted, suite=base.suite, architecture=architecture, installed=installed, refresh=False
    )
    return tuple(resolved)


def system_layer(packages: Sequence[SystemPackage], base: BaseImage, *, supplies: Supplies) -> LayerRef:
    """The layer of these system packages; known ones are neither fetched nor unpacked again."""
    key = rules.cache_key("system", BASE_FORMAT, [asdict(package) for package in packages])
    if layer := supplies.cache.get(key):
        return layer
    with supplies.cache.workspace() as workspace:
        return supplies.cache.make(
            key, "system packages", lambda: _unpacked(packages, base.suite, base.platform, supplies, workspace)[0]
        )


def _known(key: str, supplies: Supplies) -> BaseImage | None:
    document = supplies.cache.read("bases", key)
    if document is None:
        return None
    layers = tuple(LayerRef(**layer) for layer in document.pop("layers"))
    held = all(supplies.blobs.stat(layer.digest) for layer in layers)
    return BaseImage(**document, layers=layers) if held else None


def _make(python: str, platform: str, supplies: Supplies) -> BaseImage:
    if supplies.packages is not None and python in rules.SUITES:
        return _make_from_packages(python, platform, supplies, supplies.packages)
    if supplies.registry is None:
        known = ", ".join(rules.SUITES)
        raise errors.PythonUnavailable(
            f"This server has no base image with Python {python}.", remedy=f"Choose one of {known}.", field="python"
        )
    return pull_base(python, platform, supplies=supplies, registry=supplies.registry)


def _make_from_packages(python: str, platform: str, supplies: Supplies, source: PackageSource) -> BaseImage:
    suite, glibc = rules.SUITES[python]
    architecture = rules.parse_platform(platform)
    installed = debs.left_out_status(architecture, wanted=())
    names = _package_names(python)
    packages = source.resolve(names, suite=suite, architecture=architecture, installed=installed, refresh=True)
    with supplies.cache.workspace() as workspace:
        entries, status = _unpacked(packages, suite, platform, supplies, workspace)
        entries += _own_entries(entries, python)
        compiler = _compiler(python, platform, entries, supplies, workspace / "interpreter")
        entries += compile_sources(list(_library_sources(entries, python)), compiler)
        stored = supplies.blobs.put(tar_chunks(entries))
        layer = LayerRef(stored.digest, stored.size, f"Debian {suite}, Python {compiler.version}")
        origin = f"Debian {suite}: " + ", ".join(f"{package.name} {package.version}" for package in packages)
        interpreter = f"/usr/bin/python{python}"
        base = BaseImage(
            platform, python, compiler.version, interpreter, glibc, origin, (layer,), suite=suite, status=status
        )
        interpreters.keep_tree(workspace / "interpreter", interpreter_folder(base, supplies))
    return base


def _package_names(python: str) -> list[str]:
    """What a base is made of; libraries that wheels expect of every system (PEP 600), zones and certificates."""
    names = [f"python{python}-minimal", f"libpython{python}-stdlib", "libgomp1", "libstdc++6", "zlib1g", "base-files"]
    names += ["ca-certificates", "media-types", "tzdata"]
    return sorted([*names, "python3-distutils"] if python == "3.11" else names)


def _unpacked(
    packages: Sequence[SystemPackage], suite: str, platform: str, supplies: Supplies, workspace: Path
) -> tuple[list[Entry], str]:
    """The entries of the packages, and their entries in the package database. Contents lie in ``workspace``."""
    assert supplies.packages is not None
    architecture = rules.parse_platform(platform)
    files = supplies.packages.fetch(packages, workspace, suite=suite, architecture=architecture)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        unpacked = list(pool.map(lambda file: debs.unpack_package(file, workspace), files))
    entries = [entry for package in unpacked for entry in [*package.entries, debs.status_entry(package)]]
    alternatives = [alternative for package in unpacked for alternative in package.alternatives]
    entries += alternative_links(alternatives, {entry.path for entry in entries})
    return entries, "\n".join(package.status for package in unpacked)


def _own_entries(entries: Iterable[Entry], python: str) -> list[Entry]:
    """What maintainer scripts would have made: users, merged ``/usr``, certificates, mount points."""
    authorities = [entry for entry in entries if entry.path.startswith("usr/share/ca-certificates/mozilla/")]
    ordered = sorted((entry for entry in authorities if entry.kind == "file"), key=lambda entry: entry.path)
    bundle = b"".join(read_content(entry) for entry in ordered)
    return [
        *(dir_entry(path) for path in ("dev", "proc", "sys", "run", "app", "modelyard")),
        dir_entry("tmp", mode=0o1777),
        dir_entry("var/tmp", mode=0o1777),
        dir_entry("root", mode=0o700),
        *(link_entry(path, f"usr/{path}") for path in ("bin", "lib", "lib64", "sbin")),
        *(dir_entry(f"usr/{path}") for path in ("bin", "lib", "lib64", "sbin")),
        link_entry("usr/bin/python3", f"python{python}"),
        link_entry("usr/bin/python", "python3"),
        file_entry("etc/passwd", USERS.encode()),
        file_entry("etc/group", GROUPS.encode()),
        file_entry("etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n"),
        file_entry(CERTIFICATES, bundle),
        link_entry("usr/lib/ssl/cert.pem", f"/{CERTIFICATES}"),
        link_entry("usr/lib/ssl/certs", "/etc/ssl/certs"),
    ]


def _library_sources(entries: Iterable[Entry], python: str) -> Iterator[Source]:
    for entry in entries:
        if entry.kind == "file" and entry.path.startswith(f"usr/lib/python{python}/") and is_wanted(entry.path):
            yield Source(entry.path, read_content(entry))


def _compiler(python: str, platform: str, entries: Iterable[Entry], supplies: Supplies, folder: Path) -> Interpreter:
    """The interpreter among ``entries``, or, where it is another machine's, that of the same base for this machine."""
    machine = machine_platform.machine()
    here = rules.platform_of_machine(machine)
    if platform != here:
        return interpreter_for(ensure_base(python, here, supplies=supplies), supplies=supplies)
    interpreters.unpack_tree(entries, folder)
    found = interpreters.find_interpreter(folder, f"/usr/bin/python{python}", machine, version=python)
    return interpreters.ask_version(found)
