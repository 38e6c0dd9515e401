/*
 * The tasks of the far end, which the near end drives by control frames. bench/compare/ends/far.ts
 * does the same.
 */
#ifndef FAR_H
#define FAR_H

#include "frames.h"

typedef int checker(const uint8_t *frame, uint32_t length, uint32_t sequence);

static void note_bad(result *result, uint32_t number) {
    if (result->is_right) result->bad = number;
    result->is_right = 0;
}

/*
 * Receives frames one way, and times them from the first to the last that arrives. The frame LAST
 * ends them, if not `count` frames do. Frames that were overwritten before they arrived do not
 * count.
 */
static void receive_frames(const control *control, uint32_t first, uint32_t count, checker *check,
                           result *result) {
    uint32_t length = control->length, window = window_of(length);
    uint64_t end = (uint64_t)first + count, next = first;
    double start = now();
    while (next < end) {
        const uint8_t *frame = receive_frame(length);
        uint32_t sequence = sequence_of(frame);
        if (sequence == LAST) break;
        /* Where only the newest frame arrives, sequence numbers must grow. */
        if (the_way->keeps_newest && sequence > next && sequence < end) next = sequence;
        if (!check(frame, length, (uint32_t)next)) note_bad(result, (uint32_t)next);
        if (result->frames++ == 0) start = now();
        next++;
        if (window != 0 && next % window == 0) send_credit();
    }
    result->nanoseconds = now() - start;
}

static void serve_validation(const control *control, result *result) {
    uint32_t length = control->length, count = control->count;
    uint8_t *frame = data_frame(length);
    for (uint32_t number = 0; number < count; number++) {
        if (!is_whole(receive_frame(length), length, number)) note_bad(result, number);
        fill(frame, length, number);
        send_frame(frame, length);
    }
    free(frame);
    receive_frames(control, count, count, is_whole, result);
    result->frames += count;
}

static void serve_trips(const control *control, result *result) {
    uint32_t length = control->length, count = 0;
    uint8_t *frame = data_frame(length);
    for (;; count++) {
        uint32_t sequence = sequence_of(receive_frame(length));
        if (sequence == LAST) break;
        if (sequence != count) note_bad(result, count);
        set_sequence(frame, length, sequence);
        send_frame(frame, length);
    }
    free(frame);
    result->frames = count;
}

/* Does the tasks that the near end asks for, until the near end ends the pair. */
static void serve(void) {
    for (;;) {
        control control;
        memcpy(&control, receive_frame(HEADER_LENGTH), sizeof control);
        if (control.magic != MAGIC) fail("A control frame is damaged");
        if (control.task == END) return;
        if (the_way->keeps_newest) send_credit();
        result result = {1, 0, 0, 0, 0, {0}};
        double before = processor_time();
        switch (control.task) {
        case VALIDATE: serve_validation(&control, &result); break;
        case TRIPS: serve_trips(&control, &result); break;
        case STREAM: receive_frames(&control, 0, control.count, has_sequence, &result); break;
        case PACED: receive_frames(&control, 0, LAST, has_sequence, &result); break;
        default: fail("There is no task %u", (unsigned)control.task);
        }
        result.processor = processor_time() - before;
        send_frame(&result, HEADER_LENGTH);
    }
}

#endif
