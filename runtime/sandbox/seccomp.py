"""The system-call filter of every sandbox: a deny list as raw BPF, built without libseccomp.

x32 and clone3 give ENOSYS (glibc falls back to clone, whose flags a filter can see). memfd and System V
shared memory give ENOSYS too: their pages belong to no process, so the memory watchdog could not count them.
"""

from __future__ import annotations

import platform
import struct

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
}  # fmt: skip
_ABSENT = {"clone3": (435, 435), "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194)}
_CLONE, _SOCKET, _SOCKETPAIR, _IOCTL = (56, 220), (41, 198), (53, 199), (16, 29)
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ERRNO, _ALLOW, _KILL = 0x50000, 0x7FFF0000, 0x80000000
_EPERM, _ENOSYS, _EAFNOSUPPORT = _ERRNO | 1, _ERRNO | 38, _ERRNO | 97
_NR, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24  # offsets in struct seccomp_data, little endian
_CLONE_NEW = 0x7E020000
_X32 = 0x40000000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C


def architecture() -> str | None:
    """The machine's architecture if the filter knows it."""
    machine = platform.machine()
    return machine if machine in _ARCHITECTURES else None


def program(machine: str, *, sockets: bool = True) -> bytes:
    """The filter for `machine` as an array of struct sock_filter; KeyError for an unknown architecture. Without
    `sockets` there are none of any kind."""
    column, audit = _ARCHITECTURES[machine]
    code: list[tuple[int, int, int, int]] = [(_LOAD, 0, 0, _ARCH), (_JEQ, 1, 0, audit), (_RET, 0, 0, _KILL)]
    code += [(_LOAD, 0, 0, _NR)]
    if machine == "x86_64":
        code += [(_JGE, 0, 1, _X32), (_RET, 0, 0, _ENOSYS)]
    for table, answer in ((_ABSENT, _ENOSYS), (_FORBIDDEN, _EPERM)):
        for numbers in table.values():
            if numbers[column] >= 0:
                code += [(_JEQ, 0, 1, numbers[column]), (_RET, 0, 0, answer)]
    code += [
        (_JEQ, 0, 4, _CLONE[column]), (_LOAD, 0, 0, _ARG0), (_JSET, 0, 1, _CLONE_NEW), (_RET, 0, 0, _EPERM),
        (_LOAD, 0, 0, _NR),
    ]  # fmt: skip
    for family_call in (_SOCKET, _SOCKETPAIR):  # AF_UNIX, AF_INET, AF_INET6 only
        if not sockets:
            code += [(_JEQ, 0, 1, family_call[column]), (_RET, 0, 0, _EAFNOSUPPORT)]
            continue
        code += [
            (_JEQ, 0, 6, family_call[column]), (_LOAD, 0, 0, _ARG0), (_JEQ, 3, 0, 1), (_JEQ, 2, 0, 2),
            (_JEQ, 1, 0, 10), (_RET, 0, 0, _EAFNOSUPPORT), (_LOAD, 0, 0, _NR),
        ]  # fmt: skip
    code += [
        (_JEQ, 0, 4, _IOCTL[column]), (_LOAD, 0, 0, _ARG1), (_JEQ, 1, 0, _TIOCSTI), (_JEQ, 0, 1, _TIOCLINUX),
        (_RET, 0, 0, _EPERM), (_RET, 0, 0, _ALLOW),
    ]  # fmt: skip
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)
