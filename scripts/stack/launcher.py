"""Switches to another user, ties itself to the parent process, and becomes the given command.

This is a separate script, because Python's `preexec_fn` is unsafe in a process with threads.
Arguments: the signal that the kernel sends when the parent dies (0: none), the user (-: no change),
the command.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def switch_user(name: str) -> None:
    user = pwd.getpwnam(name)
    os.initgroups(name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def die_with_parent(number: int) -> None:
    """Have the kernel send this process a signal when its parent dies.

    Call this after `switch_user`: a change of user clears the setting (prctl(2)).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)


def main() -> None:
    number, user, *command = sys.argv[1:]
    parent = os.getppid()
    if user != "-":
        switch_user(user)
    if int(number):
        die_with_parent(int(number))
        if os.getppid() != parent:  # the parent died before the setting took effect
            sys.exit(1)
    os.execvp(command[0], command)


main()
