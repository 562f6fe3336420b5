"""Tiny OCI images for tests of engines, made from the host's static busybox without any network."""

import io
import platform
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelyard.rooms.content.ports import BlobStore
from modelyard.rooms.runs.ports import Image

BUSYBOX = Path("/bin/busybox")
APPLETS = (
    "sh cat chmod chown chroot date dd echo env expr false grep head hostname id kill ln ls mkdir mknod mount "
    "nc printf ps pwd rm seq setsid sleep sort stat tail test touch true tr umount unshare wc wget yes"
)

Entry = tuple[tarfile.TarInfo, bytes]


def directory(name: str, mode: int = 0o755) -> Entry:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    return info, b""


def file(name: str, data: bytes | str = b"", mode: int = 0o644) -> Entry:
    content = data.encode() if isinstance(data, str) else data
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    return info, content


def link(name: str, target: str) -> Entry:
    """A symbolic link."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info, b""


def hard_link(name: str, target: str) -> Entry:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.LNKTYPE, target
    return info, b""


def layer(*entries: Entry) -> bytes:
    """An uncompressed layer tar of these entries, in this order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def busybox_layer() -> bytes:
    """A root with a shell: ``/bin/busybox``, its applets, and the usual empty folders."""
    if not BUSYBOX.is_file():
        raise RuntimeError("busybox is missing: apt-get install -y busybox-static")
    return layer(
        *(directory(name) for name in ("bin", "dev", "etc", "proc", "sys", "run", "work")),
        directory("tmp", 0o1777),
        file("etc/passwd", "root:x:0:0:root:/:/bin/sh\nmodel:x:10001:10001::/tmp:/bin/sh\n"),
        file("etc/group", "root:x:0:\nmodel:x:10001:\n"),
        file("bin/busybox", BUSYBOX.read_bytes(), 0o755),
        *(link(f"bin/{applet}", "busybox") for applet in APPLETS.split()),
    )


def make_image(blobs: BlobStore, layers: Sequence[bytes], **config: Any) -> Image:
    """Stores the layers and returns an image of them; ``config`` adds to the OCI image's ``config`` object."""
    digests = [blobs.put([data]).digest for data in layers]
    document: Mapping[str, Any] = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()],
        "os": "linux",
        "config": {"User": "10001:10001", "WorkingDir": "/work", "Env": ["PATH=/bin", "HOME=/tmp"], **config},
        "rootfs": {"type": "layers", "diff_ids": digests},
    }
    name = blobs.put([repr(document).encode()]).digest
    return Image(digest=name, config=document, layers=digests)


def busybox_image(blobs: BlobStore, *more: bytes, **config: Any) -> Image:
    """The busybox root, a second layer with ``/etc/motd``, then ``more`` layers."""
    return make_image(blobs, [busybox_layer(), layer(file("etc/motd", "hello from a layer\n")), *more], **config)
