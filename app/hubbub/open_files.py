"""The limit of a process's open files: each connection needs one file descriptor.

The soft limit is often 1,024 (systemd, many shells), because programs that call select(2) fail
above it. Nothing in Hubbub calls it, so replicas and gunicorn raise the limit to the hard limit
when they start, as systemd's documentation recommends (systemd.exec(5), "LimitNOFILE").
"""

import logging
import resource

# Linux's default of fs.nr_open. A hard limit can be infinite, which setrlimit(2) may refuse.
MAX_FILES = 1_048_576

logger = logging.getLogger(__name__)


def raise_limit() -> None:
    """Raise the soft limit to the hard limit, but at most to `MAX_FILES`. Never lower it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as error:  # macOS allows less than its hard limit says
        logger.info("Could not raise the limit of open files from %d: %s", soft, error)


def soft_limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
