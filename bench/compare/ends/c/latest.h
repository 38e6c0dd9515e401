/*
 * A value in shared memory that one process writes and others read, with a version for each slot
 * (a seqlock). The writer goes round the slots, so that a slow reader is seldom disturbed.
 *
 * The reader looks once and then sleeps. winipc's way awaits changes(), which does not spin either.
 */
#ifndef LATEST_H
#define LATEST_H

#include "wake.h"

#define SLOTS 4

typedef struct latest {
    volatile uint32_t newest; /* number of the newest value, from 1 */
    uint32_t space_a[31];
    volatile uint32_t sleeps; /* whether the reader sleeps */
    uint32_t space_b[31];
    struct {
        volatile uint32_t number; /* number of the value, or 0 while it is written */
        uint32_t length, space[30];
        uint8_t bytes[MAX_FRAME];
    } slots[SLOTS];
} latest;

static latest *latest_out, *latest_in;
static uint32_t latest_written, latest_read;
static uint8_t latest_value[MAX_FRAME];

static void open_latest(const char *name) {
    latest *both = (latest *)map_memory(name, 2 * sizeof(latest));
    latest_out = &both[is_near];
    latest_in = &both[!is_near];
    open_wake_events(name);
}

static void write_latest(const void *frame, uint32_t length) {
    uint32_t slot = ++latest_written % SLOTS;
    store(&latest_out->slots[slot].number, 0);
    MemoryBarrier();
    latest_out->slots[slot].length = length;
    memcpy(latest_out->slots[slot].bytes, frame, length);
    store(&latest_out->slots[slot].number, latest_written);
    store(&latest_out->newest, latest_written);
    wake(&latest_out->sleeps);
}

/* Waits for a newer value, and copies it. Tries again if the writer overwrites it meanwhile. */
static const uint8_t *read_latest(uint32_t length) {
    for (;;) {
        uint32_t newest = sleep_until_change(&latest_in->newest, latest_read, &latest_in->sleeps);
        uint32_t slot = newest % SLOTS, found = latest_in->slots[slot].length;
        if (load(&latest_in->slots[slot].number) != newest) continue;
        if (found == length) memcpy(latest_value, latest_in->slots[slot].bytes, length);
        MemoryBarrier();
        if (load(&latest_in->slots[slot].number) != newest) continue;
        if (found != length) fail("Expected %u bytes, got %u", (unsigned)length, (unsigned)found);
        latest_read = newest;
        return latest_value;
    }
}

#endif
