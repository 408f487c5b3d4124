"""Become another user, tie one's life to the parent's, and become the server's program.

A script of its own, since Python's `preexec_fn` is not safe in a process with threads. Arguments:
the signal that the kernel sends when the parent dies (0: none), the user (-: no change), and the
command.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def become(user: str) -> None:
    person = pwd.getpwnam(user)
    os.initgroups(user, person.pw_gid)
    os.setgid(person.pw_gid)
    os.setuid(person.pw_uid)


def die_with_parent(number: int) -> None:
    """After `become`: a change of user makes the kernel forget the wish (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)


def main() -> None:
    number, user, *command = sys.argv[1:]
    parent = os.getppid()
    if user != "-":
        become(user)
    if int(number):
        die_with_parent(int(number))
        if os.getppid() != parent:  # it died meanwhile
            sys.exit(1)
    os.execvp(command[0], command)


main()
