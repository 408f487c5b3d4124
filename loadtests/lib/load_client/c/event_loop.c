#include "event_loop.h"

#include "clock.h"

#include <err.h>
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#define EVENTS 128 /* handled in one go; a message that is due waits until they are handled */

static int poll_fd;
static ready_handler *on_ready;

void start_event_loop(ready_handler *handler) {
    on_ready = handler;
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
}

void watch(int fd, uint32_t events, int operation, void *watched) {
    struct epoll_event event = {.events = events, .data.ptr = watched};
    epoll_ctl(poll_fd, operation, fd, &event);
}

bool poll_once(int64_t until_ns) {
    struct epoll_event events[EVENTS];
    int64_t left = until_ns - now_ns();
    struct timespec timeout = timespec_of(left > 0 ? left : 0);
    int count = epoll_pwait2(poll_fd, events, EVENTS, &timeout, NULL);
    if (count < 0 && errno != EINTR) err(1, "epoll_pwait2 needs Linux 5.11");
    for (int i = 0; i < count; i++)
        if (events[i].data.ptr != NULL) on_ready(events[i].data.ptr, events[i].events);
    return count == EVENTS;
}
