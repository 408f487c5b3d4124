/* An event loop: epoll with timeouts in nanoseconds. */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Called for each descriptor that is ready, with the pointer that was passed to `watch`. */
typedef void ready_handler(void *watched, uint32_t events);

void start_event_loop(ready_handler *handler);

/* Starts watching a descriptor, or changes the events that are watched. `operation` is passed to
 * epoll_ctl. If `watched` is NULL, the descriptor only wakes the loop. */
void watch(int fd, uint32_t events, int operation, void *watched);

/* Waits until descriptors are ready, or until `until_ns` at the latest, and handles them. Returns
 * whether more may be ready. */
bool poll_once(int64_t until_ns);
