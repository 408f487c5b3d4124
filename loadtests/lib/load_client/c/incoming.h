/* Finds out what a text frame means from its prefix, by the dialect in the plan. */

#pragma once

#include <stddef.h>
#include <stdint.h>

enum meaning { DELIVERY, ACK, SUBSCRIBED, PROBLEM, TEXT_PING, UNKNOWN };

struct incoming {
    enum meaning meaning;
    int64_t number; /* the number of the message that was delivered or acknowledged */
};

struct incoming interpret(const char *text, size_t length);
