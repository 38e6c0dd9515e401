/*
 * One end of a channel of events in C, with the generated header: `typed_end ROLE NAME COUNT`. It
 * prints "ready" or "refused ERROR", and at the end the number of its messages and the error.
 *
 *   send       sends COUNT events: a trade for even numbers, a quote for odd ones
 *   receive    checks all events until the sender is closed
 *   untyped    opens the channel without a description
 *   wrong      opens the channel with the description of another layout
 *
 * The layouts are those of tests/channel/ring/typed_layouts.ts, as "event" and "other".
 */
#include <stdio.h>
#include <stdlib.h>
#include "winipc_ring.h"

#define PATIENCE 20000
enum { TRADE, QUOTE };

static uint32_t fill(event *to, uint32_t number) {
    memset(to, 0, sizeof *to);
    if (number % 2 == 1) {
        to->tag = QUOTE;
        to->value.quote.bid = (float)(number % 1000);
        to->value.quote.number = number;
        return (uint32_t)(offsetof(event, value) + sizeof to->value.quote);
    }
    to->tag = TRADE;
    to->value.trade.number = number;
    to->value.trade.price = number / 3.0;
    to->value.trade.name[0] = L'n';
    /* At most three digits follow. */
    wsprintfW(to->value.trade.name + 1, L"%lu", (unsigned long)(number % 999));
    for (int at = 0; at < 40; at++) to->value.trade.marks[at] = number;
    return (uint32_t)(offsetof(event, value) + sizeof to->value.trade);
}

static DWORD send_all(winipc_ring *ring, uint32_t count, uint32_t *done) {
    static event one;
    for (; *done < count; ++*done) {
        uint32_t length = fill(&one, *done);
        DWORD error = ERROR_SUCCESS;
        void *room;
        while ((room = winipc_ring_claim(ring, length)) == NULL && error == ERROR_SUCCESS)
            error = winipc_ring_wait_for_room(ring, length, PATIENCE);
        if (error != ERROR_SUCCESS) return error;
        memcpy(room, &one, length);
        winipc_ring_commit(ring, length);
    }
    return ERROR_SUCCESS;
}

static DWORD receive_all(winipc_ring *ring, uint32_t *done) {
    static event one;
    for (;;) {
        DWORD error = winipc_ring_wait_for_message(ring, PATIENCE);
        if (error != ERROR_SUCCESS) return error;
        const void *message;
        uint32_t length;
        uint64_t number;
        while ((message = winipc_ring_peek(ring, &length, &number)) != NULL) {
            if (number != *done || length != fill(&one, *done)) return ERROR_CRC;
            if (memcmp(message, &one, length) != 0) return ERROR_CRC;
            ++*done;
            error = winipc_ring_release(ring, 1);
            if (error != ERROR_SUCCESS) return error;
        }
    }
}

int main(int count, char **words) {
    if (count < 4) return 2;
    static winipc_ring ring;
    setvbuf(stdout, NULL, _IONBF, 0);
    wchar_t name[200];
    if (MultiByteToWideChar(CP_UTF8, 0, words[2], -1, name, 190) == 0) return 2;
    const char *role = words[1];
    int sends = strcmp(role, "send") == 0;
    const winipc_ring_description *messages = strcmp(role, "untyped") == 0 ? NULL
                                              : strcmp(role, "wrong") == 0 ? &winipc_ring_other
                                                                           : &winipc_ring_event;
    DWORD error = winipc_ring_open_typed(&ring, name,
                                         sends ? WINIPC_RING_SENDER : WINIPC_RING_RECEIVER, messages);
    if (error != ERROR_SUCCESS) {
        printf("refused %lu\n", error);
        return 1;
    }
    puts("ready");
    uint32_t done = 0;
    error = sends ? send_all(&ring, (uint32_t)atoi(words[3]), &done) : receive_all(&ring, &done);
    winipc_ring_close(&ring);
    printf("%lu %lu\n", (unsigned long)done, error);
    return 0;
}
