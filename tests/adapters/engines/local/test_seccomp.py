"""The system call filter, decided by an interpreter of classic BPF for both architectures, and by the kernel."""

import errno
import struct
import subprocess
import sys

import pytest

from modelyard.adapters.engines.local import launcher
from modelyard.adapters.engines.local.seccomp import compile_filter
from modelyard.rooms.runs.errors import EngineRefused

ALLOW, KILL = 0x7FFF0000, 0x80000000
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
CALLS = {  # from the kernel's tables, x86-64 and asm-generic
    "read": (0, 63), "openat": (257, 56), "execve": (59, 221), "kill": (62, 129), "prctl": (157, 167),
    "mount": (165, 40), "umount2": (166, 39), "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280),
    "keyctl": (250, 219), "ptrace": (101, 117), "open_by_handle_at": (304, 265), "userfaultfd": (323, 282),
    "chroot": (161, 51), "pivot_root": (155, 41), "init_module": (175, 105), "perf_event_open": (298, 241),
    "clone": (56, 220), "clone3": (435, 435), "io_uring_setup": (425, 425), "ioctl": (16, 29), "socket": (41, 198),
    "personality": (135, 92), "reboot": (169, 142), "swapon": (167, 224), "syslog": (103, 116),
}  # fmt: skip


def decide(program: bytes, architecture: int, call: int, *arguments: int) -> int:
    """Runs the filter on a ``struct seccomp_data`` as the kernel does (networking/filter.rst)."""
    data = struct.pack("=IIQ6Q", call, architecture, 0, *(*arguments, *[0] * (6 - len(arguments))))
    steps = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, operand)
        elif code == 0x06:
            return operand
        else:
            test = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            at += yes if test else no


def refusal(number: int) -> int:
    return 0x00050000 | number


@pytest.fixture(params=MACHINES)
def ask(request: pytest.FixtureRequest):
    architecture, column = MACHINES[request.param]

    def ask(name: str, *arguments: int, **options: object) -> int:
        return decide(compile_filter(request.param, **options), architecture, CALLS[name][column], *arguments)

    return ask


@pytest.mark.parametrize("name", ["read", "openat", "execve", "kill", "prctl"])
def test_ordinary_calls_are_allowed(ask, name: str) -> None:
    assert ask(name) == ALLOW


@pytest.mark.parametrize(
    "name",
    [
        "mount",
        "umount2",
        "unshare",
        "setns",
        "bpf",
        "keyctl",
        "ptrace",
        "open_by_handle_at",
        "userfaultfd",
        "chroot",
        "pivot_root",
        "init_module",
        "perf_event_open",
        "reboot",
        "swapon",
        "syslog",
    ],
)
def test_dangerous_calls_are_refused(ask, name: str) -> None:
    assert ask(name) == refusal(errno.EPERM)
    assert ask(name, allowing=frozenset({name})) == ALLOW


@pytest.mark.parametrize("name", ["clone3", "io_uring_setup"])
def test_calls_that_libraries_replace_look_absent(ask, name: str) -> None:
    assert ask(name) == refusal(errno.ENOSYS)


@pytest.mark.parametrize("flag", [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
def test_clone_makes_threads_and_no_namespaces(ask, flag: int) -> None:
    threads = 0x3D0F00  # what pthread_create asks for
    assert ask("clone", threads) == ALLOW
    assert ask("clone", threads | flag) == refusal(errno.EPERM)


def test_terminals_cannot_be_typed_into(ask) -> None:
    assert ask("ioctl", 0, 0x5413) == ALLOW
    for request in (0x5412, 0x541C, 0x100005412):  # the kernel looks at the low half only
        assert ask("ioctl", 0, request) == refusal(errno.EPERM)


def test_sockets_follow_the_network(ask) -> None:
    families = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "alg": 38, "vsock": 40}
    with_network = {name for name, number in families.items() if ask("socket", number) == ALLOW}
    assert with_network == {"unix", "inet", "inet6", "netlink", "packet"}
    without = {name for name, number in families.items() if ask("socket", number, internet=False) == ALLOW}
    assert without == {"unix", "netlink"}


def test_personalities_that_weaken_the_process_are_refused(ask) -> None:
    assert ask("personality", 0xFFFFFFFF) == ALLOW
    assert ask("personality", 0x0040000) == refusal(errno.EPERM)  # ADDR_NO_RANDOMIZE


def test_other_architectures_end_the_process() -> None:
    assert decide(compile_filter("x86_64"), 0x40000003, 1) == KILL
    assert decide(compile_filter("aarch64"), MACHINES["x86_64"][0], 0) == KILL
    assert decide(compile_filter("x86_64"), MACHINES["x86_64"][0], 0x40000000) == KILL  # x32


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(EngineRefused):
        compile_filter("sparc")


def test_the_kernel_takes_and_obeys_it() -> None:
    program = f"""
import ctypes, os, socket, sys, threading
sys.path.insert(0, {str(launcher.SOURCES)!r})
from modelyard.adapters.engines.local.shim import syscalls
syscalls.forbid_new_privileges()
syscalls.install_filter({compile_filter(internet=False)!r})
thread = threading.Thread(target=print, args=("threads work",)); thread.start(); thread.join()
print(ctypes.CDLL(None, use_errno=True).unshare(0x10000000), ctypes.get_errno())
socket.socketpair()
try:
    socket.socket()
except PermissionError as error:
    print("no internet")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "threads work"
    assert done.stdout.splitlines()[1].startswith("-1")
    assert done.stdout.splitlines()[2] == "no internet"
