/*
 * A ring from one sender to any number of receivers. The sender never waits: it overwrites the
 * oldest frames. A receiver copies a frame out, and then checks that it was not overwritten.
 */
#ifndef BROADCAST_H
#define BROADCAST_H

#include "wake.h"

#define BROADCAST_CAPACITY (1u << 24)
/* In place of a length: the record skips the rest of the ring. */
#define SKIP UINT32_MAX

/* Positions count bytes since the start, modulo 2^32. A record is its length and the frame. */
typedef struct broadcast {
    volatile uint32_t claimed; /* end of the record that the sender writes */
    uint32_t space_a[31];
    volatile uint32_t tail; /* end of the complete records */
    uint32_t space_b[31];
    volatile uint32_t sleeps; /* whether the receiver sleeps */
    uint32_t space_c[31];
    uint8_t bytes[BROADCAST_CAPACITY];
} broadcast;

static broadcast *broadcast_out, *broadcast_in;
/* End of the records that this end has written and read, and the peer's last known tail. */
static uint32_t broadcast_written, broadcast_read, broadcast_seen;
static uint8_t broadcast_frame[MAX_FRAME];

static void open_broadcast(const char *name) {
    broadcast *both = (broadcast *)map_memory(name, 2 * sizeof(broadcast));
    broadcast_out = &both[is_near];
    broadcast_in = &both[!is_near];
    open_wake_events(name);
}

static uint32_t record_size(uint32_t length) { return (length + 4 + 7) & ~7u; }

/* Lets receivers know that the bytes up to `end` of the last lap are overwritten from now on. */
static void claim_bytes(uint32_t end) {
    store(&broadcast_out->claimed, end);
    MemoryBarrier();
}

static void send_broadcast(const void *frame, uint32_t length) {
    uint32_t size = record_size(length);
    uint32_t rest = BROADCAST_CAPACITY - broadcast_written % BROADCAST_CAPACITY;
    if (size > rest) {
        uint32_t skip = SKIP;
        claim_bytes(broadcast_written + rest);
        memcpy(broadcast_out->bytes + broadcast_written % BROADCAST_CAPACITY, &skip, 4);
        broadcast_written += rest;
    }
    claim_bytes(broadcast_written + size);
    uint8_t *record = broadcast_out->bytes + broadcast_written % BROADCAST_CAPACITY;
    memcpy(record, &length, 4);
    memcpy(record + 4, frame, length);
    broadcast_written += size;
    store(&broadcast_out->tail, broadcast_written);
    wake(&broadcast_out->sleeps);
}

static const uint8_t *receive_broadcast(uint32_t length) {
    uint32_t found;
    for (;;) {
        if (broadcast_read == broadcast_seen)
            broadcast_seen =
                spin_until_change(&broadcast_in->tail, broadcast_read, &broadcast_in->sleeps);
        uint32_t at = broadcast_read % BROADCAST_CAPACITY;
        memcpy(&found, broadcast_in->bytes + at, 4);
        if (found != SKIP) {
            if (found == length) memcpy(broadcast_frame, broadcast_in->bytes + at + 4, length);
            break;
        }
        broadcast_read += BROADCAST_CAPACITY - at;
    }
    MemoryBarrier();
    if (load(&broadcast_in->claimed) - broadcast_read > BROADCAST_CAPACITY)
        fail("The receiver missed frames");
    if (found != length) fail("Expected %u bytes, got %u", (unsigned)length, (unsigned)found);
    broadcast_read += record_size(length);
    return broadcast_frame;
}

#endif
