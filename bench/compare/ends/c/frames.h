/*
 * The frames that the two ends of a pair exchange. bench/compare/ends/frames.ts describes them.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "way.h"

#define HEADER_LENGTH 64
#define CREDIT_LENGTH 8
/* The sequence number of the frame after the last data frame. */
#define LAST UINT32_MAX
#define MAGIC 0x77696e63u
/* Bytes, and frames, that a sender may send without a credit. */
#define WINDOW (1u << 22)
#define MAX_WINDOW 256u

enum task { VALIDATE = 1, TRIPS, STREAM, PACED, END };

typedef struct control {
    uint32_t magic, task, length, count, unused[12];
} control;

typedef struct result {
    double is_right, nanoseconds, processor, frames, bad, unused[3];
} result;

/* Number of frames that went either way. The watchdog looks whether the number grows. */
static volatile uint32_t moved;

static inline uint32_t sequence_of(const uint8_t *frame) {
    uint32_t sequence;
    memcpy(&sequence, frame, sizeof sequence);
    return sequence;
}

static inline void set_sequence(uint8_t *frame, uint32_t length, uint32_t sequence) {
    (void)length;
    memcpy(frame, &sequence, sizeof sequence);
}

/* Writes a sequence number, and all bytes that depend on it, into a data frame. */
static void fill(uint8_t *frame, uint32_t length, uint32_t sequence) {
    set_sequence(frame, length, sequence);
    for (uint32_t i = 4; i < length; i++) frame[i] = (uint8_t)(sequence * 31 + i * 7);
}

static int has_sequence(const uint8_t *frame, uint32_t length, uint32_t sequence) {
    (void)length;
    return sequence_of(frame) == sequence;
}

/* Tells whether each byte of a data frame is right. */
static int is_whole(const uint8_t *frame, uint32_t length, uint32_t sequence) {
    if (sequence_of(frame) != sequence) return 0;
    for (uint32_t i = 4; i < length; i++)
        if (frame[i] != (uint8_t)(sequence * 31 + i * 7)) return 0;
    return 1;
}

/* Returns a data frame with the sequence number 0. The caller frees it. */
static uint8_t *data_frame(uint32_t length) {
    uint8_t *frame = (uint8_t *)malloc(length);
    if (frame == NULL) fail("There is no memory for a frame of %u bytes", (unsigned)length);
    fill(frame, length, 0);
    return frame;
}

static inline const uint8_t *receive_frame(uint32_t length) {
    const uint8_t *frame = the_way->receive(length);
    moved++;
    return frame;
}

/* Sends one frame, so that the peer sees it at once. */
static inline void send_frame(const void *frame, uint32_t length) {
    the_way->send(frame, length);
    if (the_way->flush != NULL) the_way->flush();
    moved++;
}

static void send_credit(void) {
    uint64_t credit = 0;
    send_frame(&credit, CREDIT_LENGTH);
}

/* Returns the number of frames between credits. 0: the sender needs none. */
static uint32_t window_of(uint32_t length) {
    if (!the_way->has_no_back_pressure) return 0;
    uint32_t fit = WINDOW / length;
    return fit < 1 ? 1 : fit > MAX_WINDOW ? MAX_WINDOW : fit;
}

/* Returns the processor time of this process, in nanoseconds. */
static double processor_time(void) {
    FILETIME created, exited, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user))
        fail_of("GetProcessTimes");
    uint64_t high = (uint64_t)kernel.dwHighDateTime + user.dwHighDateTime;
    uint64_t low = (uint64_t)kernel.dwLowDateTime + user.dwLowDateTime;
    return (double)((high << 32) + low) * 100;
}

#endif
