/*
 * The tasks of the near end, which measures. bench/compare/ends/near.ts does the same.
 */
#ifndef NEAR_H
#define NEAR_H

#include "frames.h"
#include "pause.h"
#include <math.h>

/* Bytes and frames of each direction of a validation. */
#define VALIDATED (1u << 22)
#define MIN_VALIDATED 4u
#define MAX_VALIDATED 256u
#define MIN_TRIPS 20u
/* The part of the time of trips that passes before the first timed trip. */
#define WARM_UP 0.25
/* Frames of the first stream. No stream is shorter. */
#define FIRST_STREAM 16u
#define MAX_STREAM (1u << 26)
/* Maximum streams of the wanted length. Most need one or two. */
#define MAX_FULL_STREAMS 6
/* Maximum growth from one stream to the next, in case a time is much too short. */
#define MAX_GROWTH 16
/* Buckets of each doubling of the time. */
#define BUCKETS 32
/* The last bucket has times of 10 minutes. */
#define MAX_BUCKETS (40 * BUCKETS)

typedef void writer(uint8_t *frame, uint32_t length, uint32_t sequence);

static void send_control(uint32_t task, uint32_t length, uint32_t count) {
    control control = {MAGIC, task, length, count, {0}};
    send_frame(&control, HEADER_LENGTH);
    if (the_way->keeps_newest && task != END) receive_frame(CREDIT_LENGTH);
}

/* Checks that the far end has received all frames that this end has sent. */
static result receive_result(uint32_t sent) {
    result result;
    memcpy(&result, receive_frame(HEADER_LENGTH), sizeof result);
    if (result.is_right != 1) fail("The far end received frame %.0f wrong", result.bad);
    if (!the_way->keeps_newest && result.frames != sent)
        fail("The far end received %.0f frames of %u", result.frames, (unsigned)sent);
    return result;
}

static void send_frames(uint8_t *frame, uint32_t length, uint32_t first, uint32_t count,
                        writer *write) {
    uint32_t window = window_of(length);
    for (uint32_t number = first; number < first + count; number++) {
        write(frame, length, number);
        the_way->send(frame, length);
        moved++;
        if (window == 0 || (number + 1) % window != 0) continue;
        if (the_way->flush != NULL) the_way->flush();
        receive_frame(CREDIT_LENGTH);
    }
    if (the_way->flush != NULL) the_way->flush();
}

static void send_last(uint8_t *frame, uint32_t length) {
    set_sequence(frame, length, LAST);
    send_frame(frame, length);
}

static void validate(uint32_t length) {
    uint32_t fit = VALIDATED / length;
    uint32_t count = fit < MIN_VALIDATED ? MIN_VALIDATED : fit > MAX_VALIDATED ? MAX_VALIDATED : fit;
    send_control(VALIDATE, length, count);
    uint8_t *frame = data_frame(length);
    for (uint32_t number = 0; number < count; number++) {
        fill(frame, length, number);
        send_frame(frame, length);
        if (!is_whole(receive_frame(length), length, number))
            fail("The near end received frame %u wrong", (unsigned)number);
    }
    send_frames(frame, length, count, count, fill);
    free(frame);
    receive_result(count * 2);
    printf("{\"frames\":%u}\n", (unsigned)(count * 2));
}

static void count_time(uint32_t *counts, double nanoseconds) {
    double bucket = round(BUCKETS * log2(nanoseconds < 1 ? 1 : nanoseconds));
    counts[bucket < MAX_BUCKETS ? (uint32_t)bucket : MAX_BUCKETS - 1]++;
}

static void print_histogram(const uint32_t *counts) {
    printf("{\"trips\":[");
    const char *separator = "";
    for (uint32_t bucket = 0; bucket < MAX_BUCKETS; bucket++) {
        if (counts[bucket] == 0) continue;
        printf("%s[%u,%u]", separator, (unsigned)bucket, (unsigned)counts[bucket]);
        separator = ",";
    }
    printf("]}\n");
}

/* Times round trips. The first trips are not timed, because near.ts does not time them either. */
static void measure_trips(uint32_t length, double milliseconds) {
    uint32_t counts[MAX_BUCKETS] = {0}, count = 0, timed = 0;
    send_control(TRIPS, length, 0);
    uint8_t *frame = data_frame(length);
    double begin = now();
    double warm = begin + milliseconds * 1e6 * WARM_UP, end = begin + milliseconds * 1e6;
    while (timed < MIN_TRIPS || now() < end) {
        set_sequence(frame, length, count);
        double start = now();
        send_frame(frame, length);
        const uint8_t *echo = receive_frame(length);
        double time = now() - start;
        if (start >= warm) {
            count_time(counts, time);
            timed++;
        }
        if (sequence_of(echo) != count)
            fail("The near end received frame %u wrong", (unsigned)count);
        count++;
    }
    send_last(frame, length);
    free(frame);
    receive_result(count);
    print_histogram(counts);
}

static result send_stream(uint32_t length, uint32_t count) {
    send_control(STREAM, length, count);
    uint8_t *frame = data_frame(length);
    send_frames(frame, length, 0, count, set_sequence);
    free(frame);
    return receive_result(count);
}

static uint32_t rescale(uint32_t count, double nanoseconds, double wanted) {
    double growth = wanted / (nanoseconds < 1 ? 1 : nanoseconds);
    double next = round(count * (growth > MAX_GROWTH ? MAX_GROWTH : growth));
    return next < FIRST_STREAM ? FIRST_STREAM : next > MAX_STREAM ? MAX_STREAM : (uint32_t)next;
}

/*
 * Sends ever longer streams, and then streams of the wanted time. If such a stream is too short, a
 * longer one follows.
 */
static void measure_stream(uint32_t length, double milliseconds) {
    double wanted = milliseconds * 1e6;
    uint32_t count = FIRST_STREAM;
    result result = send_stream(length, count);
    while (result.nanoseconds < wanted / 5 && count < MAX_STREAM)
        result = send_stream(length, count *= 4);
    for (int streams = 0; streams < MAX_FULL_STREAMS; streams++) {
        count = rescale(count, result.nanoseconds, wanted);
        result = send_stream(length, count);
        if (result.nanoseconds >= wanted / 2) break;
    }
    printf("{\"frames\":%.0f,\"nanoseconds\":%.0f}\n", result.frames, result.nanoseconds);
}

static void measure_paced(uint32_t length, double milliseconds) {
    send_control(PACED, length, 0);
    uint8_t *frame = data_frame(length);
    uint32_t frames = 0;
    HANDLE timer = create_timer();
    double passed = 0, before = processor_time(), start = now();
    while (passed < milliseconds) {
        if (frames < floor(passed)) send_frames(frame, length, frames++, 1, set_sequence);
        else pause_1_ms(timer);
        passed = (now() - start) / 1e6;
    }
    double near_processor = processor_time() - before;
    if (timer != NULL) CloseHandle(timer);
    send_last(frame, length);
    free(frame);
    result result = receive_result(frames);
    printf("{\"frames\":%u,\"nanoseconds\":%.0f,", (unsigned)frames, passed * 1e6);
    printf("\"nearProcessor\":%.0f,\"farProcessor\":%.0f}\n", near_processor, result.processor);
}

static void run_task(const char *name, uint32_t length, double milliseconds) {
    if (length < 8 || length > MAX_FRAME) fail("A frame cannot have %u bytes", (unsigned)length);
    if (strcmp(name, "validate") == 0) validate(length);
    else if (strcmp(name, "trips") == 0) measure_trips(length, milliseconds);
    else if (strcmp(name, "stream") == 0) measure_stream(length, milliseconds);
    else if (strcmp(name, "paced") == 0) measure_paced(length, milliseconds);
    else fail("There is no task %s", name);
    fflush(stdout);
}

#endif
