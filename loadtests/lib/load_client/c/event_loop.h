/* epoll with a timer that is finer than epoll's own timeout of whole milliseconds. */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Called for each descriptor that is ready, with the pointer that it is watched with. */
typedef void ready_handler(void *watched, uint32_t events);

void start_event_loop(ready_handler *handler);

/* Adds or changes what is watched. `operation` is one of epoll_ctl's; a NULL pointer only wakes. */
void watch(int fd, uint32_t events, int operation, void *watched);

/* Waits until something is ready, until that time at most, and handles it. Returns whether there
 * may be more. */
bool poll_once(int64_t until_ns);

/* Sleeps; nothing is handled meanwhile. */
void sleep_until(int64_t when_ns);
