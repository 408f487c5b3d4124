"""The command line of a replica: Daphne's, with the settings for defaults.

Daphne's own defaults are for any project; here an option that is not given is what the settings
say. An operator who knows Daphne finds every option where it was.
"""

from collections.abc import Sequence

from daphne.cli import CommandLineInterface
from django.conf import settings

from hubbub.realtime.server.server import Server

APPLICATION = "hubbub.asgi:application"


class Command(CommandLineInterface):
    description = (
        "Serve Hubbub's sockets, and its pages and REST where one process does everything. "
        "Its address is BIND (127.0.0.1) and PORT; what else is not given is as the settings "
        "have it. "
        "SIGTERM drains: every socket is sent elsewhere within DRAIN_SECONDS."
    )
    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        self.parser.prog = "python -m hubbub.realtime.server"
        self.parser.set_defaults(
            verbosity=0,
            ping_interval=settings.PING_INTERVAL_SECONDS,
            # Closed when nothing was heard for 2.5 heartbeats, pongs included (the protocol).
            ping_timeout=int(1.5 * settings.PING_INTERVAL_SECONDS),
            websocket_max_message_size=settings.DAPHNE_WEBSOCKET_MAX_MESSAGE_SIZE,
            websocket_max_frame_size=settings.DAPHNE_WEBSOCKET_MAX_FRAME_SIZE,
            websocket_timeout=-1,  # stock: 1000 after a day. MAX_CONNECTION_AGE_SECONDS is ours.
        )
        self._make_application_optional()

    def run(self, args: Sequence[str]) -> None:
        given = self.parser.parse_args(args)
        elsewhere = given.unix_socket or given.socket_strings or given.file_descriptor is not None
        if given.host or given.port is not None or not elsewhere:
            # Of an option that is there twice the last one counts: what was given.
            args = [f"--bind={settings.BIND}", f"--port={settings.PORT}", *args]
        super().run(args)

    def _make_application_optional(self) -> None:
        # argparse has no public way to change an argument that somebody else has added.
        [application] = [each for each in self.parser._actions if each.dest == "application"]
        application.nargs, application.required = "?", False
        application.default = APPLICATION
