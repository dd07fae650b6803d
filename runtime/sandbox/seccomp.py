"""The system-call filter of every sandbox: a deny list as raw BPF, built without libseccomp.

x32, clone3 and calls that are newer than the tables give ENOSYS (glibc falls back to clone, whose flags a filter can see).
Calls whose memory belongs to no process give ENOSYS or EINVAL, as where they do not exist: the memory watchdog could not
count it. Programs know both answers and go another way.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Sequence

# The number of the newest call that was judged, `file_setattr`; from 424 on all architectures count alike.
NEWEST = 469
# name: (x86_64, aarch64); -1 where the architecture lacks the call.
_FORBIDDEN = {
    "acct": (163, 89), "add_key": (248, 217), "adjtimex": (159, 171), "bpf": (321, 280),
    "chroot": (161, 51), "clock_adjtime": (305, 266), "clock_settime": (227, 112),
    "delete_module": (176, 106), "finit_module": (313, 273), "fsconfig": (431, 431),
    "fsmount": (432, 432), "fsopen": (430, 430), "fspick": (433, 433), "init_module": (175, 105),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "io_uring_setup": (425, 425),
    "ioperm": (173, -1), "iopl": (172, -1), "kcmp": (312, 272), "kexec_file_load": (320, 294),
    "kexec_load": (246, 104), "keyctl": (250, 219), "lookup_dcookie": (212, 18), "mbind": (237, 235),
    "migrate_pages": (256, 238), "modify_ldt": (154, -1), "mount": (165, 40), "mount_setattr": (442, 442),
    "move_mount": (429, 429), "move_pages": (279, 239), "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265), "open_tree": (428, 428), "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438), "pivot_root": (155, 41), "process_madvise": (440, 440),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117),
    "quotactl": (179, 60), "quotactl_fd": (443, 443), "reboot": (169, 142), "request_key": (249, 218),
    "set_mempolicy": (238, 237), "setdomainname": (171, 162), "sethostname": (170, 161),
    "setns": (308, 268), "settimeofday": (164, 170), "swapoff": (168, 225), "swapon": (167, 224),
    "syslog": (103, 116), "umount2": (166, 39), "unshare": (272, 97), "userfaultfd": (323, 282),
    "vhangup": (153, 58),
    # What nothing here needs, and what tells of mounts, of files that others read, or of security modules.
    "cachestat": (451, 451), "fanotify_init": (300, 262), "fanotify_mark": (301, 263), "file_setattr": (469, 469),
    "listmount": (458, 458), "lsm_get_self_attr": (459, 459), "lsm_list_modules": (461, 461),
    "lsm_set_self_attr": (460, 460), "nfsservctl": (180, 42), "open_tree_attr": (467, 467),
    "set_mempolicy_home_node": (450, 450), "statmount": (457, 457), "sysctl": (156, -1), "sysfs": (139, -1),
    "uselib": (134, -1), "ustat": (136, -1),
}  # fmt: skip
# aio_setup takes from a count that all users of the machine share; remap_file_pages is emulated and out of use.
_ABSENT = {
    "clone3": (435, 435), "io_setup": (206, 0), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "msgget": (68, 186), "remap_file_pages": (216, 234), "semget": (64, 190), "shmget": (29, 194),
}  # fmt: skip
# Pipes and sockets that hold a page of a file or of memory by one of these keep alive the whole block that it is part of,
# up to 2 MiB, whatever becomes of the file.
_UNFIT = {"sendfile": (40, 71), "splice": (275, 76), "tee": (276, 77), "vmsplice": (278, 75)}
# A checker may not change how the process runs that starts the next one, nor leave messages for it.
_STRICT = {"ioprio_set": (251, 30), "mq_open": (240, 180)}
# Their first argument is a process; that of setpriority is a kind, and the second a process if it is 0. 0 is the caller.
_OF_A_PROCESS = {
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
}  # fmt: skip
# By a limit that another process is given the kernel ends even the first one of a box.
_PRLIMIT = (302, 261)
_SETPRIORITY = (141, 140)
_CLONE, _SOCKET, _SOCKETPAIR, _IOCTL = (56, 220), (41, 198), (53, 199), (16, 29)
_PERSONALITY, _SETSOCKOPT = (135, 92), (54, 208)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _AND, _SHIFT, _JEQ, _JGE, _JSET, _RET = 0x20, 0x54, 0x74, 0x15, 0x35, 0x45, 0x06
_ERRNO, _ALLOW, _KILL = 0x50000, 0x7FFF0000, 0x80000000
_EPERM, _EINVAL, _ENOTTY, _ENOSYS = _ERRNO | 1, _ERRNO | 22, _ERRNO | 25, _ERRNO | 38
_EPROTONOSUPPORT, _EAFNOSUPPORT = _ERRNO | 93, _ERRNO | 97
_NR, _ARCH, _ARG0, _ARG1, _ARG2 = 0, 4, 16, 24, 32  # offsets in struct seccomp_data, little endian
_CLONE_NEW = 0x7E020000
_UNIX, _INET, _INET6 = 1, 2, 10
_STREAM, _DATAGRAM, _TYPE = 1, 2, 0xF
_ANY, _TCP, _UDP = 0, 6, 17
# Typing for others, line disciplines that load modules, and the console's.
_TERMINAL = (0x5412, 0x541C, 0x541D, 0x5423, 0x5437)
# Groups of ioctl: of file systems (attributes, encryption, verity, btrfs, XFS, shared blocks) and of namespaces.
_GROUPS = (0x58, 0x66, 0x94, 0xB7)
# PER_LINUX, PER_LINUX32, UNAME26 with both, and the question for the present one.
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_SOL_SOCKET, _SOCKET_PROGRAMS = 1, (26, 50, 51, 52)
_SOL_TCP, _TCP_ULP = 6, 31

_Code = list[tuple[int, int, int, int]]


def architecture() -> str | None:
    """The machine's architecture if the filter knows it."""
    machine = platform.machine()
    return machine if machine in _ARCHITECTURES else None


def program(machine: str, *, sockets: bool = True) -> bytes:
    """The filter for `machine` as an array of struct sock_filter; KeyError for an unknown architecture. Without
    `sockets`, for checkers, there are none of any kind, and nothing that reaches the checker after this one."""
    column, audit = _ARCHITECTURES[machine]
    code: _Code = [(_LOAD, 0, 0, _ARCH), (_JEQ, 1, 0, audit), (_RET, 0, 0, _KILL), (_LOAD, 0, 0, _NR)]
    code += [(_JGE, 0, 1, NEWEST + 1), (_RET, 0, 0, _ENOSYS)]
    tables = [(_ABSENT, _ENOSYS), (_FORBIDDEN, _EPERM), (_UNFIT, _EINVAL)]
    for table, answer in tables if sockets else [*tables, (_STRICT, _EPERM)]:
        code += _if_any([numbers[column] for numbers in table.values() if numbers[column] >= 0], answer)
    code += _of(_CLONE[column], [(_LOAD, 0, 0, _ARG0), (_JSET, 0, 1, _CLONE_NEW), (_RET, 0, 0, _EPERM)])
    for number in (_SOCKET[column], _SOCKETPAIR[column]):
        code += _of(number, _socket() if sockets else [(_RET, 0, 0, _EAFNOSUPPORT)])
    code += _of(_IOCTL[column], _ioctl())
    code += _of(_PERSONALITY[column], [(_LOAD, 0, 0, _ARG0), *_unless(_PERSONALITIES, _EPERM)])
    code += _of(_SETSOCKOPT[column], _setsockopt())
    itself = [(_LOAD, 0, 0, _ARG0), *_unless([0], _EPERM)]
    code += _of(_PRLIMIT[column], itself)
    if not sockets:
        for numbers in _OF_A_PROCESS.values():
            code += _of(numbers[column], itself)
        code += _of(_SETPRIORITY[column], [*itself, (_LOAD, 0, 0, _ARG1), *_unless([0], _EPERM)])
    code += [(_RET, 0, 0, _ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _if_any(values: Sequence[int], answer: int) -> _Code:
    """Ends with `answer` if what was loaded is one of the values."""
    return [step for value in values for step in ((_JEQ, 0, 1, value), (_RET, 0, 0, answer))]


def _unless(values: Sequence[int], answer: int) -> _Code:
    """Ends with `answer` if what was loaded is none of the values."""
    return [*((_JEQ, len(values) - place, 0, value) for place, value in enumerate(values)), (_RET, 0, 0, answer)]


def _of(number: int, body: _Code) -> _Code:
    """The body for one call, which is allowed at its end; other calls pass by with their number still loaded."""
    return [(_JEQ, 0, len(body) + 1, number), *body, (_RET, 0, 0, _ALLOW)]


def _socket() -> _Code:
    """Unix sockets, and streams and datagrams of TCP and UDP: other types and protocols load modules of the kernel."""
    inet = [
        (_LOAD, 0, 0, _ARG1), (_AND, 0, 0, _TYPE), *_unless([_STREAM, _DATAGRAM], _EPROTONOSUPPORT),
        (_LOAD, 0, 0, _ARG2), *_unless([_ANY, _TCP, _UDP], _EPROTONOSUPPORT),
    ]  # fmt: skip
    families = _unless([_UNIX, _INET, _INET6], _EAFNOSUPPORT)
    return [(_LOAD, 0, 0, _ARG0), *families, (_JEQ, len(inet), 0, _UNIX), *inet]


def _ioctl() -> _Code:
    group = [(_SHIFT, 0, 0, 8), (_AND, 0, 0, 0xFF)]
    return [(_LOAD, 0, 0, _ARG1), *_if_any(_TERMINAL, _EPERM), *group, *_if_any(_GROUPS, _ENOTTY)]


def _setsockopt() -> _Code:
    """No programs on sockets, no protocols over TCP."""
    programs = [(_LOAD, 0, 0, _ARG2), *_if_any(_SOCKET_PROGRAMS, _EPERM), (_RET, 0, 0, _ALLOW)]
    over_tcp = [(_LOAD, 0, 0, _ARG2), *_if_any([_TCP_ULP], _EPERM), (_RET, 0, 0, _ALLOW)]
    return [
        (_LOAD, 0, 0, _ARG1),
        (_JEQ, 0, len(programs), _SOL_SOCKET), *programs,
        (_JEQ, 0, len(over_tcp), _SOL_TCP), *over_tcp,
    ]  # fmt: skip
