/*
 * Describes a way to share data for programs in C and C++, and has functions that all ways need.
 * bench/compare/link.ts describes the same for scripts.
 */
#ifndef WAY_H
#define WAY_H

/* Before windows.h, which would include the sockets of 1993. */
#include <winsock2.h>
#include <windows.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limit of each wait for the peer, in milliseconds. */
#define PATIENCE 20000
/* Length of the longest frame, in bytes. */
#define MAX_FRAME (1u << 20)

/* A way, with its one link in this process. */
typedef struct way {
    const char *name;
    /* Opens this end. The far end calls ready() when the near end can start. */
    void (*open)(const char *name);
    /* Sends a frame. The link does not use the frame later. */
    void (*send)(const void *frame, uint32_t length);
    /* Waits for the next frame, which is valid until the next call. */
    const uint8_t *(*receive)(uint32_t length);
    /* Lets the peer see the frames that were sent, or NULL if send() does that. */
    void (*flush)(void);
    void (*close)(void);
    /* Whether only the newest frame arrives. */
    int keeps_newest;
    /* Whether send() does not wait for a slow peer, so that the driver must limit it. */
    int has_no_back_pressure;
    /* Whether the near end starts the far end, whose standard output is the link. */
    int starts_far;
} way;

/* Whether this process is the near end, which measures. */
static int is_near;
static const way *the_way;
static double opened_at;

static inline double now(void) {
    LARGE_INTEGER second, ticks;
    QueryPerformanceFrequency(&second);
    QueryPerformanceCounter(&ticks);
    return (double)ticks.QuadPart * 1e9 / (double)second.QuadPart;
}

/* Ends the process with an error. The near end tells the harness the reason. */
__declspec(noreturn) static void fail(const char *format, ...) {
    char text[512];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    if (is_near) printf("{\"error\":\"%s\"}\n", text);
    else fprintf(stderr, "%s\n", text);
    fflush(stdout);
    ExitProcess(1);
}

/* Ends the process because a function of Windows failed. */
__declspec(noreturn) static void fail_of(const char *function) {
    fail("%s failed with %lu", function, GetLastError());
}

/* Tells the harness, once, that this end is open, or that the near end can start. */
static void ready(void) {
    static int is_ready;
    int is_silent = the_way->starts_far && !is_near;
    if (!is_ready && !is_silent) {
        printf("ready %.0f\n", now() - opened_at);
        fflush(stdout);
    }
    is_ready = 1;
}

#endif
