"""`python -m scripts.heroku`: all of Hubbub on PORT, until it is told to end or a part of it ends.

With DYNO_ALONE=1 this process becomes the replica, which then serves pages, too: there is no nginx
and no gunicorn, for the smallest dyno.
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

NO_ADDRESS = (
    "PUBLIC_URL is not set: nobody is answered who does not come to localhost. Set it, or "
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
            output.say(NO_ADDRESS)
        _allow_many_sockets()
        if options.alone:
            serve_alone(options)
        sys.exit(asyncio.run(Dyno(options, output).run()))
    except StackError as error:
        sys.exit(str(error))


def serve_alone(options: DynoOptions) -> None:
    """Become the replica."""
    environment = os.environ | {"BIND": options.bind}
    os.execve(sys.executable, [sys.executable, "-m", "hubbub.realtime.server"], environment)


def _allow_many_sockets() -> None:
    """Raise what all processes inherit: a socket is a file, two of them in nginx."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
