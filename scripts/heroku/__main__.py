"""`python -m scripts.heroku`: run all of Hubbub on PORT until SIGTERM or until a process exits.

With DYNO_ALONE=1 this process becomes the replica, which then also serves pages, without nginx and
gunicorn. That fits into the smallest dyno.
"""

import asyncio
import os
import resource
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter

from scripts.heroku.dyno import Dyno
from scripts.heroku.options import DynoOptions, options_from
from scripts.stack.errors import StackError
from scripts.stack.output import Output

NO_PUBLIC_URL = (
    "PUBLIC_URL is not set, so only requests for localhost are served. Set it, or run "
    "`heroku labs:enable runtime-dyno-metadata` and deploy again."
)


def main() -> None:
    ArgumentParser(
        prog="python -m scripts.heroku",
        description=__doc__,
        formatter_class=RawDescriptionHelpFormatter,
    ).parse_args()
    try:
        options = options_from(os.environ)
        output = Output()
        if not options.public_url:
            output.write(NO_PUBLIC_URL)
        _raise_file_limit()
        if options.alone:
            become_replica(options)
        sys.exit(asyncio.run(Dyno(options, output).run()))
    except StackError as error:
        sys.exit(str(error))


def become_replica(options: DynoOptions) -> None:
    environment = os.environ | {"BIND": options.bind}
    os.execve(sys.executable, [sys.executable, "-m", "hubbub.realtime.server"], environment)


def _raise_file_limit() -> None:
    """Raise the limit of open files, which all processes inherit.

    A connection needs one file, or two in nginx.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
