"""The seccomp filter of every container: a deny list after Docker's default profile, as classic BPF.

Calls that reach kernel features no model needs, and through which containers were left before, answer EPERM; those
that libraries probe for and can do without answer ENOSYS. Calls of another architecture end the process. Sources:
``linux/seccomp.h``, ``linux/bpf_common.h``, the syscall tables of x86-64 and of aarch64 (asm-generic/unistd.h), and
moby's ``profiles/seccomp/default.json``.
"""

import errno
import platform
import struct

from modelyard.rooms.runs.errors import EngineRefused

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_X32_BIT = 0x40000000

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_DENIED = {  # name: (x86-64, aarch64); None where the architecture has no such call
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}
_ABSENT = {  # what a library tries and has another way for
    "clone3": (435, 435),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
}
_CLONE, _IOCTL, _SOCKET, _PERSONALITY = (56, 220), (16, 29), (41, 198), (135, 92)
_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; clone3 has its flags in memory, so it is absent."""
_TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: typing into somebody's terminal."""
_HARMLESS_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_AF_UNIX, _AF_NETLINK, _AF_ALG, _AF_VSOCK = 1, 16, 38, 40

_Instruction = tuple[int, int, int, int]


def compile_filter(
    machine: str | None = None, *, internet: bool = True, allowing: frozenset[str] = frozenset()
) -> bytes:
    """An array of ``struct sock_filter`` for ``machine`` (default: this one; ``x86_64`` or ``aarch64``).

    Without ``internet`` only Unix sockets can be made: for isolation levels that have no network namespace.
    ``allowing`` names calls that are let through all the same. An architecture that is not known raises
    ``EngineRefused``.
    """
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise EngineRefused(f"There is no system call filter for {machine}.", remedy="Use the docker engine.")
    column = list(_ARCHITECTURES).index(machine)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _program(machine, column, internet, allowing))


def _program(machine: str, column: int, internet: bool, allowing: frozenset[str]) -> list[_Instruction]:
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    for calls, number in ((_DENIED, errno.EPERM), (_ABSENT, errno.ENOSYS)):
        program += _refuse([columns[column] for name, columns in calls.items() if name not in allowing], number)
    program += _on(_CLONE[column], [(_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACES), _deny()])
    program += _on(_IOCTL[column], _deny_values(_TERMINAL_INJECTION), argument=1)
    program += _on(_PERSONALITY[column], _deny_others(_HARMLESS_PERSONALITIES))
    sockets = _deny_values((_AF_ALG, _AF_VSOCK)) if internet else _deny_others((_AF_UNIX, _AF_NETLINK))
    program += _on(_SOCKET[column], sockets)
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _refuse(numbers: list[int | None], error: int) -> list[_Instruction]:
    known = sorted(number for number in numbers if number is not None)
    return [step for number in known for step in ((_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error))]


def _on(call: int, body: list[_Instruction], *, argument: int = 0) -> list[_Instruction]:
    """Runs ``body`` with the low half of an argument loaded if it is this call; allows what body lets through."""
    load = (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument)
    return [(_JUMP_EQUAL, 0, len(body) + 2, call), load, *body, (_RETURN, 0, 0, _ALLOW)]


def _deny_values(values: tuple[int, ...]) -> list[_Instruction]:
    return [step for value in values for step in ((_JUMP_EQUAL, 0, 1, value), _deny())]


def _deny_others(values: tuple[int, ...]) -> list[_Instruction]:
    """Skips the denial for each of ``values``."""
    count = len(values)
    return [*((_JUMP_EQUAL, count - index, 0, value) for index, value in enumerate(values)), _deny()]


def _deny() -> _Instruction:
    return (_RETURN, 0, 0, _ERRNO | errno.EPERM)
