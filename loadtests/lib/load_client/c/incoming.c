/* A message carries `bench <number> .`, so it is recognised without parsing the text around it. */

#include "incoming.h"

#include "plan.h"

#include <string.h>

#define NO_NUMBER (-1)

static bool starts_with(const char *text, size_t length, const struct text *prefix);
static struct incoming numbered(enum meaning meaning, const char *text, size_t length);
static int64_t number_in(const char *text, size_t length, size_t *hint);

struct incoming interpret(const char *text, size_t length) {
    const struct dialect *dialect = &plan.dialect;
    enum meaning meaning = UNKNOWN;
    if (starts_with(text, length, &dialect->delivery)) return numbered(DELIVERY, text, length);
    if (starts_with(text, length, &dialect->ack)) return numbered(ACK, text, length);
    if (starts_with(text, length, &dialect->subscribed)) meaning = SUBSCRIBED;
    else if (starts_with(text, length, &dialect->ping)) meaning = TEXT_PING;
    else if (starts_with(text, length, &dialect->problem)) meaning = PROBLEM;
    return (struct incoming){meaning, NO_NUMBER};
}

/* An empty prefix means that this server does not send such frames. */
static bool starts_with(const char *text, size_t length, const struct text *prefix) {
    return prefix->length && length >= prefix->length &&
           memcmp(text, prefix->bytes, prefix->length) == 0;
}

static struct incoming numbered(enum meaning meaning, const char *text, size_t length) {
    static size_t hints[2];
    int64_t number = number_in(text, length, &hints[meaning == ACK]);
    return (struct incoming){number == NO_NUMBER ? UNKNOWN : meaning, number};
}

/* Returns the message's number. Looks first at the place where the last message had its number. */
static int64_t number_in(const char *text, size_t length, size_t *hint) {
    static const char label[] = "bench ";
    const size_t size = sizeof label - 1;
    if (*hint + size > length || memcmp(text + *hint, label, size) != 0) {
        const char *found = memmem(text, length, label, size);
        if (found == NULL) return NO_NUMBER;
        *hint = (size_t)(found - text);
    }
    int64_t number = 0;
    size_t at = *hint + size;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        number = number * 10 + (text[at] - '0');
    if (at + 1 >= length || text[at] != ' ' || text[at + 1] != '.') return NO_NUMBER;
    return number;
}
