/* The load client: opens many WebSocket connections cheaply, from one thread, and counts what
 * arrives.
 *
 * It reads a plan (plan.h) from standard input, opens the connections, reports that, and runs the
 * commands that follow (load.h). loadtests/lib/load_client/client.py starts it.
 *
 * Each header includes only those below it: main, receive, load, connections; stats, event_loop,
 * plan; frames, histogram, util. */

#include "connections.h"
#include "load.h"
#include "plan.h"
#include "receive.h"
#include "stats.h"

static void count_live(struct connection *connection) {
    stats_live(received_ns - connection->first_try_ns);
}

static void forget(struct connection *connection) {
    stats_forget(index_of(connection));
}

int main(void) {
    static const struct connection_handlers handlers = {
        .text = receive_text, .live = count_live, .reset = forget};
    read_plan();
    stats_init();
    double seconds = open_connections(&handlers);
    print_opened(seconds, failure_count);
    run_commands();
    return 0;
}
