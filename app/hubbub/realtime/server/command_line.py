"""The command line of a replica: Daphne's, with defaults from the settings.

Every option of Daphne keeps its name and its meaning.
"""

from collections.abc import Sequence

from daphne.cli import CommandLineInterface
from django.conf import settings

from hubbub.realtime.server.server import Server

APPLICATION = "hubbub.asgi:application"


class CommandLine(CommandLineInterface):
    description = (
        "Serve Hubbub's WebSockets, and its pages and REST API in a single-process deployment. "
        "Listens on BIND (127.0.0.1) and PORT. Options that are not given default to the settings. "
        "SIGTERM drains: every connection is moved elsewhere within DRAIN_SECONDS."
    )
    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        self.parser.prog = "python -m hubbub.realtime.server"
        self.parser.set_defaults(
            verbosity=0,
            ping_interval=settings.PING_INTERVAL_SECONDS,
            # With this timeout, the server follows the protocol's rule to close a connection after
            # 2.5 ping intervals of silence.
            ping_timeout=int(1.5 * settings.PING_INTERVAL_SECONDS),
            websocket_max_message_size=settings.DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE,
            websocket_max_frame_size=settings.DAPHNE_WEBSOCKET_MAX_FRAME_SIZE,
            # Stock Daphne closes a connection with 1000 after a day. Here `connections.expiry`
            # moves it.
            websocket_timeout=-1,
        )
        self._make_application_optional()

    def run(self, args: Sequence[str]) -> None:
        options = self.parser.parse_args(args)
        is_not_tcp = (
            options.unix_socket or options.socket_strings or options.file_descriptor is not None
        )
        if options.host or options.port is not None or not is_not_tcp:
            # If an option is repeated, the last one counts, so the command line takes precedence.
            args = [f"--bind={settings.BIND}", f"--port={settings.PORT}", *args]
        super().run(args)

    def _make_application_optional(self) -> None:
        # argparse has no public way to change an argument that another class has added.
        [application] = [each for each in self.parser._actions if each.dest == "application"]
        application.nargs, application.required = "?", False
        application.default = APPLICATION
