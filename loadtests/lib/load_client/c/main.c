/* Opens the sockets of the plan, says so, and does what it is told: see plan.c and load.c. */

#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 2000000LL /* how often sockets that wait are looked at */
#define EVENTS 128        /* in one go: what is due to be sent waits no longer than that */

int64_t batch_ns;
static int timer_fd;

static void open_sockets(void);
static void wake_at(int64_t when);

int main(void) {
    read_plan();
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &timer_fd};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer_fd, &event);
    open_sockets();
    run_commands();
    return 0;
}

/* Handles what has come, waiting for it until then at most; returns whether there may be more. */
bool poll_once(int64_t until_ns) {
    struct epoll_event events[EVENTS];
    wake_at(until_ns);
    int count = epoll_wait(poll_fd, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
        void *what = events[i].data.ptr;
        if (what != NULL && what != &timer_fd) socket_ready(what, events[i].events);
    }
    return count == EVENTS;
}

void wait_until(int64_t when) {
    struct timespec time = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("load client: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    exit(1);
}

/* Returns the list with space for one more; it doubles, so call it for each one that is added. */
void *grown(void *list, int count, size_t size) {
    if (count & (count - 1)) return list;
    list = realloc(list, (count ? (size_t)count * 2 : 1) * size);
    if (list == NULL) fail("Out of memory.");
    return list;
}

bool begins(const char *bytes, size_t length, const struct text *prefix) {
    return length >= prefix->length && memcmp(bytes, prefix->bytes, prefix->length) == 0;
}

static void open_sockets(void) {
    int64_t start = now_ns();
    for (int i = 0; i < plan.socket_count; i++) {
        struct socket *socket = &plan.sockets[i];
        socket->first_try_ns = start + (int64_t)(drand48() * plan.spread * 1e9);
        socket->next_try_ns = socket->first_try_ns;
    }
    while (live_count + closed_count < plan.socket_count) {
        int64_t now = now_ns();
        if ((double)(now - start) > plan.deadline * 1e9)
            fail("%d of %d sockets are open after %.0f s; tried again: %d.", live_count,
                 plan.socket_count, plan.deadline, failure_count);
        connect_more(now);
        poll_once(now + LOOK_NS);
    }
    print_opened((double)(now_ns() - start) / 1e9);
}

static void wake_at(int64_t when) {
    static int64_t set = -1;
    if (when == set && when > now_ns()) return;
    set = when;
    struct itimerspec timer = {0};
    if (when != INT64_MAX) {
        timer.it_value.tv_sec = when / 1000000000;
        timer.it_value.tv_nsec = when % 1000000000;
    }
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}
