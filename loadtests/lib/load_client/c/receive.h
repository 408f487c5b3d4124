/* What a text frame means, by the prefixes of the plan's dialect. */

#pragma once

#include "connections.h"

void receive_text(struct connection *connection, const char *text, size_t length);
