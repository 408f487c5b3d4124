#include "event_loop.h"

#include "clock.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

/* How many descriptors are handled at once; a message that is due waits for them. */
#define EVENTS 128

static int poll_fd, timer_fd;
static ready_handler *on_ready;

static void set_timer(int64_t when_ns);

void start_event_loop(ready_handler *handler) {
    on_ready = handler;
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    watch(timer_fd, EPOLLIN, EPOLL_CTL_ADD, NULL);
}

void watch(int fd, uint32_t events, int operation, void *watched) {
    struct epoll_event event = {.events = events, .data.ptr = watched};
    epoll_ctl(poll_fd, operation, fd, &event);
}

bool poll_once(int64_t until_ns) {
    struct epoll_event events[EVENTS];
    set_timer(until_ns);
    int count = epoll_wait(poll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++)
        if (events[i].data.ptr != NULL) on_ready(events[i].data.ptr, events[i].events);
    return count == EVENTS;
}

/* A timer is used because it is exact. The kernel may let epoll's own timeout expire late, by up to
 * a thousandth of its length, and that would count as latency. INT64_MAX needs no special case: in
 * practice such a timer never fires. */
static void set_timer(int64_t when_ns) {
    static int64_t set_ns = -1;
    if (when_ns == set_ns && when_ns > now_ns()) return; /* the timer is still set to this time */
    set_ns = when_ns;
    struct itimerspec timer = {.it_value = timespec_of(when_ns)};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}
