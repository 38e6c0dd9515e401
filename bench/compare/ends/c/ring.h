/*
 * Two RingChannels by the generated header. The header opens channels. This file also creates them.
 */
#ifndef RING_H
#define RING_H

#include "shared.h"
#include "winipc_ring.h"

#define RING_CAPACITY (1u << 22)

/* The parts of a channel. */
typedef struct ring_parts {
    HANDLE memory, data, space;
} ring_parts;

static winipc_ring ring_out, ring_in;
/* Whether the ring still holds the message that the link has returned. */
static int ring_holds;

static void check_ring(const char *what, DWORD error) {
    if (error != ERROR_SUCCESS) fail("%s failed with %lu", what, error);
}

/* Creates a channel for one sender. Without a name, only its handles lead to it. */
static ring_parts create_ring(const wchar_t *name) {
    wchar_t data[MAX_PATH], space[MAX_PATH];
    if (name != NULL) {
        lstrcatW(lstrcpyW(data, name), L".data");
        lstrcatW(lstrcpyW(space, name), L".space");
    }
    ring_parts parts = {
        CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
                           WINIPC_RING_HEADER_LENGTH + RING_CAPACITY, name),
        CreateEventW(NULL, FALSE, FALSE, name == NULL ? NULL : data),
        CreateEventW(NULL, FALSE, FALSE, name == NULL ? NULL : space),
    };
    if (parts.data == NULL || parts.space == NULL) fail_of("CreateEventW");
    winipc_ring_header *header = (winipc_ring_header *)map_section(parts.memory);
    header->version = WINIPC_RING_VERSION;
    header->layout = WINIPC_RING_LAYOUT_SINGLE;
    header->capacity = RING_CAPACITY;
    header->max_message_length = RING_CAPACITY / 2 - WINIPC_RING_RECORD_HEADER_LENGTH;
    winipc_ring_store(&header->magic, WINIPC_RING_MAGIC);
    return parts;
}

/* The far end creates both channels. */
static void open_rings(const char *name) {
    wchar_t from_near[MAX_PATH], from_far[MAX_PATH];
    if (!MultiByteToWideChar(CP_UTF8, 0, name, -1, from_near, MAX_PATH - 20))
        fail_of("MultiByteToWideChar");
    lstrcatW(lstrcpyW(from_far, from_near), L"-from-far");
    lstrcatW(from_near, L"-from-near");
    if (!is_near) {
        create_ring(from_near);
        create_ring(from_far);
    }
    check_ring("winipc_ring_open()",
               winipc_ring_open(&ring_out, is_near ? from_near : from_far, WINIPC_RING_SENDER));
    check_ring("winipc_ring_open()",
               winipc_ring_open(&ring_in, is_near ? from_far : from_near, WINIPC_RING_RECEIVER));
}

static inline void release_message(void) {
    if (ring_holds) winipc_ring_advance(&ring_in);
    ring_holds = 0;
}

static inline const uint8_t *hold_message(const void *message, uint32_t found, uint32_t length) {
    if (found != length) fail("Expected %u bytes, got %u", (unsigned)length, (unsigned)found);
    ring_holds = 1;
    return (const uint8_t *)message;
}

static inline void commit_copy(void *room, const void *frame, uint32_t length) {
    memcpy(room, frame, length);
    winipc_ring_commit(&ring_out, length);
}

static void send_spinning(const void *frame, uint32_t length) {
    release_message();
    void *room;
    while ((room = winipc_ring_claim(&ring_out, length)) == NULL) YieldProcessor();
    commit_copy(room, frame, length);
}

static const uint8_t *receive_spinning(uint32_t length) {
    release_message();
    uint32_t found;
    const void *message = winipc_ring_next(&ring_in, &found);
    if (message == NULL) winipc_ring_flush(&ring_in);
    while (message == NULL) {
        YieldProcessor();
        message = winipc_ring_next(&ring_in, &found);
    }
    return hold_message(message, found, length);
}

/* Publishes each message and wakes the receiver, as sendSync() does. */
static void send_sleeping(const void *frame, uint32_t length) {
    release_message();
    void *room;
    while ((room = winipc_ring_claim(&ring_out, length)) == NULL)
        check_ring("winipc_ring_wait_for_room()",
                   winipc_ring_wait_for_room(&ring_out, length, PATIENCE));
    commit_copy(room, frame, length);
    winipc_ring_flush(&ring_out);
}

static const uint8_t *receive_sleeping(uint32_t length) {
    release_message();
    uint32_t found;
    const void *message;
    while ((message = winipc_ring_next(&ring_in, &found)) == NULL)
        check_ring("winipc_ring_wait_for_message()",
                   winipc_ring_wait_for_message(&ring_in, PATIENCE));
    return hold_message(message, found, length);
}

static void flush_ring(void) { winipc_ring_flush(&ring_out); }

static void close_rings(void) {
    release_message();
    winipc_ring_close(&ring_out);
    winipc_ring_close(&ring_in);
}

#endif
