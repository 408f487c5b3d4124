"""Serves pages and REST from a replica in a bounded number of threads.

`hubbub.asgi` wraps Django in this. Django's own ASGI handler starts a new thread for each request,
and each thread opens a database connection that stays open until the garbage collector finds it, so
the number of connections would have no limit.
"""

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import ThreadSensitiveContext

from hubbub.realtime.asgi_types import Application, Receive, Scope, Send


class _RequestThread:
    """A thread that keeps its database connection from one request to the next."""

    def __init__(self, number: int) -> None:
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"pages-{number}")
        self.requests = 0


def in_threads(application: Application, count: int) -> Application:
    """Return the application with its synchronous code confined to `count` threads.

    Each request runs entirely in one thread: the first of those with the fewest requests. Light
    traffic therefore opens only a few database connections.
    """
    threads = [_RequestThread(number) for number in range(count)]

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        thread = min(threads, key=lambda each: each.requests)
        thread.requests += 1
        try:
            async with ThreadSensitiveContext(executor=thread.executor):
                await application(scope, receive, send)
        finally:
            thread.requests -= 1

    return serve
