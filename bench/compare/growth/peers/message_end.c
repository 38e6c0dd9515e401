/*
 * One end of a RingChannel that carries large messages, by the library's C header, as message_end.ts
 * is. Arguments: NAME near|far. Tasks:
 *
 * - "ring LENGTH COUNT": through the RingChannel NAME-LENGTH.
 * - "copy LENGTH COUNT": the near end copies messages to memory of the ring's size by memcpy.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "winipc_ring.h"

#define PATIENCE 20000
#define MIN_CAPACITY (1u << 22)

static winipc_ring ring;
static unsigned char *source, *target;
static uint32_t length;
static int is_near;

static double now(void) {
    LARGE_INTEGER second, ticks;
    QueryPerformanceFrequency(&second);
    QueryPerformanceCounter(&ticks);
    return (double)ticks.QuadPart * 1e9 / (double)second.QuadPart;
}

static void fail(const char *what, unsigned long error) {
    printf("{\"error\":\"%s: %lu\"}\n", what, error);
    exit(1);
}

static void expect_success(const char *what, DWORD error) {
    if (error != ERROR_SUCCESS) fail(what, error);
}

static uint32_t capacity(void) { return length > MIN_CAPACITY / 4 ? length * 4 : MIN_CAPACITY; }

/* Opens the ring for messages of another length. New memory is slower, so it is kept. */
static void open_for(const char *name, uint32_t bytes) {
    char full[MAX_PATH];
    wchar_t wide[MAX_PATH];
    if (length != 0) winipc_ring_close(&ring);
    free(source);
    free(target);
    length = bytes;
    source = (unsigned char *)malloc(length);
    target = (unsigned char *)malloc(capacity());
    if (source == NULL || target == NULL) fail("malloc", ERROR_OUTOFMEMORY);
    // The source is written, because all unwritten pages are the same page in the processor's cache.
    memset(source, 7, length);
    snprintf(full, MAX_PATH, "%s-%u", name, (unsigned)length);
    if (!MultiByteToWideChar(CP_UTF8, 0, full, -1, wide, MAX_PATH))
        fail("MultiByteToWideChar", GetLastError());
    expect_success("winipc_ring_open", winipc_ring_open(
        &ring, wide, is_near ? WINIPC_RING_SENDER : WINIPC_RING_RECEIVER));
}

/* Writes the number of a message to its first and last four bytes. */
static void stamp(uint32_t number) {
    memcpy(source, &number, 4);
    memcpy(source + length - 4, &number, 4);
}

static void check(const unsigned char *message, uint32_t bytes, uint32_t number) {
    if (bytes == length && memcmp(message, &number, 4) == 0 &&
        memcmp(message + length - 4, &number, 4) == 0) return;
    fail("got another frame instead of number", number);
}

static void send_all(uint32_t count) {
    for (uint32_t number = 0; number < count; number++) {
        void *room;
        stamp(number);
        while ((room = winipc_ring_claim(&ring, length)) == NULL)
            expect_success("winipc_ring_wait_for_room",
                           winipc_ring_wait_for_room(&ring, length, PATIENCE));
        memcpy(room, source, length);
        winipc_ring_commit(&ring, length);
        winipc_ring_flush(&ring);
    }
}

static double receive_all(uint32_t count) {
    double start = 0;
    for (uint32_t number = 0; number < count;) {
        const void *message;
        uint32_t bytes;
        expect_success("winipc_ring_wait_for_message",
                       winipc_ring_wait_for_message(&ring, PATIENCE));
        if (number == 0) start = now();
        while ((message = winipc_ring_next(&ring, &bytes)) != NULL) {
            check((const unsigned char *)message, bytes, number++);
            winipc_ring_advance(&ring);
        }
    }
    winipc_ring_flush(&ring);
    return (now() - start) / (count - 1);
}

static double copy_all(uint32_t count) {
    double start = now();
    for (uint32_t number = 0, at = 0; number < count; number++) {
        stamp(number);
        memcpy(target + at, source, length);
        at = (at + length) % capacity();
    }
    double nanoseconds = (now() - start) / count;
    // Reads a byte, because the compiler would remove a copy that nobody reads.
    unsigned char byte = *(volatile unsigned char *)(target + length / 2);
    if (byte != 7) fail("expected byte 7 in the copy, got", byte);
    return nanoseconds;
}

int main(int count, char **words) {
    char task[16];
    unsigned bytes, frames;
    if (count < 3) return 2;
    is_near = strcmp(words[2], "near") == 0;
    puts("ready");
    fflush(stdout);
    while (scanf("%15s %u %u", task, &bytes, &frames) == 3) {
        double nanoseconds = 0;
        if (bytes != length) open_for(words[1], bytes);
        if (strcmp(task, "copy") == 0) nanoseconds = copy_all(frames);
        else if (is_near) send_all(frames);
        else nanoseconds = receive_all(frames);
        printf("{\"numbers\":[%.1f]}\n", nanoseconds);
        fflush(stdout);
    }
    return 0;
}
