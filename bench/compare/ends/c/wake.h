/*
 * A receiver that looks for a while and then sleeps, and the sender that wakes it.
 */
#ifndef WAKE_H
#define WAKE_H

#include "shared.h"

/* Looks before a receiver sleeps, as in a RingChannel. */
#define MAX_LOOKS 4096

static HANDLE wake_own, wake_peer;

/* Opens the events of both receivers. */
static void open_wake_events(const char *name) {
    wake_own = open_event(name, is_near ? "near" : "far", 0);
    wake_peer = open_event(name, is_near ? "far" : "near", 0);
}

/* Wakes the peer if it sleeps. */
static inline void wake(volatile uint32_t *sleeps) {
    MemoryBarrier();
    if (load(sleeps) == 0) return;
    store(sleeps, 0);
    SetEvent(wake_peer);
}

/* Waits until a word has another value than `seen`, and returns that value. */
static uint32_t wait_for_change(const volatile uint32_t *word, uint32_t seen,
                                volatile uint32_t *sleeps) {
    for (uint32_t looks = 0; looks < MAX_LOOKS; looks++) {
        if (load(word) != seen) return load(word);
        YieldProcessor();
    }
    for (;;) {
        store(sleeps, 1);
        MemoryBarrier();
        if (load(word) != seen) break;
        wait_for(wake_own);
    }
    store(sleeps, 0);
    return load(word);
}

#endif
