/*
 * One end of a channel in C that ends itself at any moment, as if it were killed:
 * `short_lived_end send NAME LIFE`, or `receive` or `peek` in place of `send`.
 *
 * It sends or receives the numbered messages of sender 1 (numbered_messages.ts). It ends LIFE
 * microseconds after it has taken its place and printed "ready". If LIFE is negative, it prints
 * nothing, and its life begins before it takes the place. Its notes are in the memory NAME.notes
 * (notes.ts).
 */
#include <stdio.h>
#include <stdlib.h>

/* With few looks, the end sleeps whenever it must wait. */
#define WINIPC_RING_MAX_LOOKS 8u
#include "winipc_ring.h"

#define PATIENCE 20000
#define SENDER_ID 1u
#define MAX_LENGTH 200u
#define SHUFFLE 0x9e3779b1u
#define KILLED 9

/* The words of the notes, as in notes.ts. */
enum { NEXT, MISTAKES, RELEASED = 900, REPEATS };

static volatile uint32_t *notes;

static uint32_t length_of(uint32_t number) {
    return 8 + (((number + 1) ^ (SENDER_ID << 20)) * SHUFFLE >> 8) % (MAX_LENGTH - 8 + 1);
}

static uint8_t byte_of(uint32_t number, uint32_t at) {
    uint32_t word = (number ^ (at / 4 << 20) ^ (SENDER_ID << 26)) * SHUFFLE;
    return (uint8_t)(word >> at % 4 * 8);
}

static void write_message(uint8_t *room, uint32_t number) {
    uint32_t id = SENDER_ID, length = length_of(number);
    memcpy(room, &id, 4);
    memcpy(room + 4, &number, 4);
    for (uint32_t at = 8; at < length; at++) room[at] = byte_of(number, at);
}

static int is_message(const uint8_t *message, uint32_t length, uint32_t number) {
    uint32_t found[2];
    if (length != length_of(number)) return 0;
    memcpy(found, message, 8);
    if (found[0] != SENDER_ID || found[1] != number) return 0;
    for (uint32_t at = 8; at < length; at++)
        if (message[at] != byte_of(number, at)) return 0;
    return 1;
}

/* Waits for some microseconds, so that the process is likely to end here. */
static void dwell(void) {
    for (int count = 0; count < 200; count++) YieldProcessor();
}

static DWORD send_all(winipc_ring *ring) {
    for (uint32_t number = notes[NEXT];; number++) {
        uint32_t length = length_of(number);
        uint8_t *room;
        while ((room = (uint8_t *)winipc_ring_claim(ring, length)) == NULL) {
            DWORD error = winipc_ring_wait_for_room(ring, length, PATIENCE);
            if (error != ERROR_SUCCESS) return error;
        }
        write_message(room, number);
        dwell();
        winipc_ring_commit(ring, length);
        dwell();
        notes[NEXT] = number + 1;
    }
}

static DWORD receive_all(winipc_ring *ring) {
    /* The last receiver may have ended between reading a message and noting it. */
    int may_be_one_more = 1;
    for (uint32_t number = notes[NEXT];;) {
        DWORD error = winipc_ring_wait_for_message(ring, PATIENCE);
        if (error != ERROR_SUCCESS) return error;
        const uint8_t *message;
        uint32_t length;
        while ((message = (const uint8_t *)winipc_ring_next(ring, &length)) != NULL) {
            if (may_be_one_more && is_message(message, length, number + 1)) number++;
            may_be_one_more = 0;
            if (!is_message(message, length, number)) {
                notes[MISTAKES]++;
                return ERROR_CRC;
            }
            dwell();
            winipc_ring_advance(ring);
            dwell();
            notes[NEXT] = ++number;
        }
    }
}

/* Peeks at messages, notes them, and releases some of them from time to time. */
static DWORD peek_all(winipc_ring *ring) {
    uint64_t expected = 0;
    for (int is_first = 1;;) {
        DWORD error = winipc_ring_wait_for_message(ring, PATIENCE);
        if (error != ERROR_SUCCESS) return error;
        const uint8_t *message;
        uint32_t length;
        uint64_t number;
        while ((message = (const uint8_t *)winipc_ring_peek(ring, &length, &number)) != NULL) {
            uint32_t next = notes[NEXT];
            if (is_first) expected = number;
            is_first = 0;
            /* No message is lost, and none comes again that was released. */
            if (!is_message(message, length, (uint32_t)number) || number != expected++ ||
                number > next || number < notes[RELEASED]) {
                notes[MISTAKES]++;
                return ERROR_CRC;
            }
            if (number == next) notes[NEXT] = next + 1;
            else notes[REPEATS]++;
            dwell();
            if (ring->peeks < 1 + number % 5) continue;
            uint32_t count = ring->peeks;
            error = winipc_ring_release(ring, count);
            if (error != ERROR_SUCCESS) return error;
            dwell();
            notes[RELEASED] = (uint32_t)number + 1;
        }
    }
}

static DWORD WINAPI end_after(void *life) {
    LARGE_INTEGER due;
    due.QuadPart = -10 * *(long long *)life;
    HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);
    if (timer != NULL && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE))
        WaitForSingleObject(timer, INFINITE);
    TerminateProcess(GetCurrentProcess(), KILLED);
    return 0;
}

static int live(const wchar_t *name, const char *role, long long life) {
    static long long microseconds;
    static winipc_ring ring;
    int is_quiet = life < 0, sends = strcmp(role, "send") == 0;
    microseconds = is_quiet ? -life : life;
    if (is_quiet) CreateThread(NULL, 0, end_after, &microseconds, 0, NULL);
    DWORD error = winipc_ring_open(&ring, name, sends ? WINIPC_RING_SENDER : WINIPC_RING_RECEIVER);
    if (error != ERROR_SUCCESS) {
        printf("refused %lu\n", error);
        return 1;
    }
    if (!is_quiet) {
        puts("ready");
        CreateThread(NULL, 0, end_after, &microseconds, 0, NULL);
    }
    error = sends                       ? send_all(&ring)
            : strcmp(role, "peek") == 0 ? peek_all(&ring)
                                        : receive_all(&ring);
    printf("ended by %lu\n", error);
    return 1;
}

int main(int count, char **words) {
    if (count < 4) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    wchar_t name[200], notes_name[220];
    if (MultiByteToWideChar(CP_UTF8, 0, words[2], -1, name, 190) == 0) return 2;
    lstrcatW(lstrcpyW(notes_name, name), L".notes");
    HANDLE mapping = OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, notes_name);
    if (mapping == NULL) return 2;
    notes = (volatile uint32_t *)MapViewOfFile(mapping, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (notes == NULL) return 2;
    return live(name, words[1], strtoll(words[3], NULL, 10));
}
