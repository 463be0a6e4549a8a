"""The system calls that sandboxed code may not make, as the program (classic BPF) that bubblewrap hands to the kernel.

Some would reach memory that no limit counts (memfd_create, shmget, a tmpfs mounted in a user namespace of one's own),
some the machine's neighbours (a socket of the family VSOCK passes every network namespace), and the others are large
parts of the kernel that no lesson needs.
"""

import errno
import platform
import struct

# name: number on x86_64, on aarch64
DENIED = {
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "pidfd_getfd": (438, 438), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
}  # fmt: skip
CLONE3, CLONE, SOCKET = (435, 435), (56, 220), (41, 198)
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NAMESPACES = 0x7E020000  # clone's flags for new namespaces
FAMILIES = (1, 2, 10)  # unix, IPv4 and IPv6: inside, they lead to the sandbox itself only
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where struct seccomp_data has them


def program() -> bytes:
    """The filter for this machine's processor; KeyError if its numbers are not known here."""
    here = ARCHITECTURES[platform.machine()]
    of = list(ARCHITECTURES.values()).index(here)
    refuse = step(RETURN, ERROR | errno.EPERM)
    filters = [step(LOAD, ARCHITECTURE), step(EQUAL, here, 1, 0), step(RETURN, KILL)]
    filters += [step(LOAD, NUMBER), step(AT_LEAST, 0x40000000, 0, 1), refuse]  # the x32 numbers
    for number in DENIED.values():
        filters += [step(EQUAL, number[of], 0, 1), refuse]
    # glibc falls back to clone, whose flags can be looked at
    filters += [step(EQUAL, CLONE3[of], 0, 1), step(RETURN, ERROR | errno.ENOSYS)]
    filters += [step(EQUAL, CLONE[of], 0, 4), step(LOAD, FIRST_ARGUMENT), step(ANY_BIT, NAMESPACES, 0, 1), refuse]
    filters += [step(RETURN, ALLOW)]
    filters += [step(EQUAL, SOCKET[of], 0, 5), step(LOAD, FIRST_ARGUMENT)]
    filters += [step(EQUAL, family, 3 - index, 0) for index, family in enumerate(FAMILIES)]
    filters += [step(RETURN, ERROR | errno.EOPNOTSUPP)]  # any other error makes ZeroMQ abort a kernel
    return b"".join([*filters, step(RETURN, ALLOW)])


def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One instruction; the jumps count the instructions that are left out."""
    return struct.pack("HBBI", code, if_true, if_false, value)
