/*
 * Runs an end of a pair: PROGRAM far|near WAY NAME. bench/compare/ends/driver.ts does the same.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "far.h"
#include "near.h"

/* Whether this end waits for its peer, and not for a line of the harness. */
static volatile int is_waiting;

/* Ends the process if no frame goes either way for too long while this end waits for its peer. */
static DWORD WINAPI watch(void *unused) {
    (void)unused;
    uint32_t seen = moved, silence = 0;
    for (;;) {
        Sleep(1000);
        silence = moved == seen && is_waiting ? silence + 1000 : 0;
        seen = moved;
        if (silence >= PATIENCE) fail("No frame came for %d s", PATIENCE / 1000);
    }
}

static void measure(void) {
    char name[16];
    unsigned length;
    double milliseconds;
    while (scanf("%15s %u %lf", name, &length, &milliseconds) == 3) {
        is_waiting = 1;
        run_task(name, length, milliseconds);
        is_waiting = 0;
    }
    is_waiting = 1;
    send_control(END, 0, 0);
}

/* Runs the end that the arguments name. Returns the exit code. */
static int run_end(int count, char **words, const way *ways, size_t way_count) {
    is_near = count > 1 && strcmp(words[1], "near") == 0;
    for (size_t i = 0; i < way_count && count == 4; i++)
        if (strcmp(ways[i].name, words[2]) == 0) the_way = &ways[i];
    if (the_way == NULL) fail("Expected the arguments far|near WAY NAME");
    is_waiting = 1;
    HANDLE watchdog = CreateThread(NULL, 0, watch, NULL, 0, NULL);
    if (watchdog == NULL) fail_of("CreateThread");
    opened_at = now();
    the_way->open(words[3]);
    ready();
    if (is_near) {
        is_waiting = 0;
        measure();
    } else {
        serve();
    }
    the_way->close();
    return 0;
}

#endif
