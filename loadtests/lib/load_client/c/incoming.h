/* What a text frame means, by the prefixes of the plan's dialect. */

#pragma once

#include <stddef.h>
#include <stdint.h>

enum meaning { DELIVERY, ACK, SUBSCRIBED, PROBLEM, TEXT_PING, UNKNOWN };

struct incoming {
    enum meaning meaning;
    int64_t number; /* of the message that was delivered or acknowledged */
};

struct incoming interpret(const char *text, size_t length);
