/*
 * Two slots in shared memory, one for each direction, and how an end waits for them: by events or
 * by spinning. bench/compare/ends/ways/slot.ts does the same.
 */
#ifndef SLOT_H
#define SLOT_H

#include "shared.h"
#include "slots.h"

/* The slots in which this end sends and receives. */
static slot *slot_out, *slot_in;
/* Whether the frame that the link has returned is still in its slot. */
static int slot_holds;
/* Set when a slot is filled or empty. */
static HANDLE out_filled, out_empty, in_filled, in_empty;

static void use_slots(slot *slots) {
    slot_out = &slots[!is_near];
    slot_in = &slots[is_near];
}

static void open_events(const char *name) {
    use_slots((slot *)map_memory(name, 2 * sizeof(slot)));
    HANDLE filled[] = {open_event(name, "near-filled", 0), open_event(name, "far-filled", 0)};
    HANDLE empty[] = {open_event(name, "near-empty", 1), open_event(name, "far-empty", 1)};
    out_filled = filled[!is_near];
    out_empty = empty[!is_near];
    in_filled = filled[is_near];
    in_empty = empty[is_near];
}

static void release_by_event(void) {
    if (slot_holds) SetEvent(in_empty);
    slot_holds = 0;
}

static void send_by_event(const void *frame, uint32_t length) {
    release_by_event();
    wait_for(out_empty);
    memcpy(slot_out->bytes, frame, length);
    SetEvent(out_filled);
}

static const uint8_t *receive_by_event(uint32_t length) {
    (void)length;
    release_by_event();
    wait_for(in_filled);
    slot_holds = 1;
    return slot_in->bytes;
}

static inline void spin_until(volatile uint32_t *word, uint32_t value) {
    while (load(word) != value) YieldProcessor();
}

static inline void release_by_word(void) {
    if (slot_holds) store(&slot_in->is_filled, 0);
    slot_holds = 0;
}

static void send_by_word(const void *frame, uint32_t length) {
    release_by_word();
    spin_until(&slot_out->is_filled, 0);
    memcpy(slot_out->bytes, frame, length);
    store(&slot_out->is_filled, 1);
}

static const uint8_t *receive_by_word(uint32_t length) {
    (void)length;
    release_by_word();
    spin_until(&slot_in->is_filled, 1);
    slot_holds = 1;
    return slot_in->bytes;
}

#endif
