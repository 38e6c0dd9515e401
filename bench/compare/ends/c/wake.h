/*
 * A receiver that sleeps, maybe after some looks, and the sender that wakes it.
 */
#ifndef WAKE_H
#define WAKE_H

#include "shared.h"

/* Maximum looks before a receiver sleeps, as in a RingChannel. */
#define MAX_LOOKS 4096u

/* Number of looks of the next wait, and the number of waits until now. */
static uint32_t looks_next = MAX_LOOKS, look_waits;
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

/*
 * Waits until a word has another value than `seen`, and returns that value. Sleeps if the first
 * look does not find another value.
 */
static uint32_t sleep_until_change(const volatile uint32_t *word, uint32_t seen,
                                   volatile uint32_t *sleeps) {
    if (load(word) != seen) return load(word);
    for (;;) {
        store(sleeps, 1);
        MemoryBarrier();
        if (load(word) != seen) break;
        wait_for(wake_own);
    }
    store(sleeps, 0);
    return load(word);
}

/*
 * Does the same, but looks for a while before it sleeps, by the rule of the generated header for
 * RingChannels. A wait whose looks were useless halves the looks of the next wait. A successful one
 * doubles them. One wait in 16 still tries more of them.
 */
static uint32_t spin_until_change(const volatile uint32_t *word, uint32_t seen,
                                  volatile uint32_t *sleeps) {
    uint32_t looks = looks_next;
    if (++look_waits % 16 == 0 && looks < MAX_LOOKS / 8) looks = MAX_LOOKS / 8;
    for (uint32_t count = looks; count > 0; count--) {
        if (load(word) != seen) {
            looks_next = looks < MAX_LOOKS / 2 ? looks * 2 : MAX_LOOKS;
            return load(word);
        }
        YieldProcessor();
    }
    looks_next /= 2;
    return sleep_until_change(word, seen, sleeps);
}

#endif
