"""Pages and REST of a replica that serves them, too: by as many threads as a worker of `web` has.

Put around Django by asgi.py. Django's own handler gives each request a thread of its own, and the
thread a connection to the database, which stays open until the garbage collector comes by: no count
of connections would hold.
"""

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import ThreadSensitiveContext

from hubbub.realtime.connections.endpoint import Receive
from hubbub.realtime.connections.transport import Scope, Send
from hubbub.realtime.http.probes import Application


class _Lane:
    """One thread, which keeps its connection from one request to the next."""

    def __init__(self, number: int) -> None:
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"pages-{number}")
        self.requests = 0


def in_threads(application: Application, threads: int) -> Application:
    """Return the application with its synchronous code in so many threads, and no other.

    A request keeps to one of them, the first that has the fewest: where little is going on, few
    connections are opened.
    """
    lanes = [_Lane(number) for number in range(threads)]

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        lane = min(lanes, key=lambda one: one.requests)
        lane.requests += 1
        try:
            async with ThreadSensitiveContext(executor=lane.executor):
                await application(scope, receive, send)
        finally:
            lane.requests -= 1

    return served
