/*
 * One of several racers for the same place of a channel, in C: `place_racer NAME INDEX`. For its
 * notes see notes.ts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "winipc_ring.h"

#define RACERS 2

/* The words of the notes, as in notes.ts. */
enum { ROUND = 2, OVER, ENDED, RESULTS };

static volatile uint32_t *notes;
static HANDLE done;

static void *map(const wchar_t *name) {
    HANDLE mapping = OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name);
    return mapping ? MapViewOfFile(mapping, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0) : NULL;
}

/* Counts the end of a step. The last racer wakes the process that waits for all racers. */
static void note_end(LONG all) {
    if (InterlockedIncrement((volatile LONG *)&notes[ENDED]) == all) SetEvent(done);
}

int main(int count, char **words) {
    static winipc_ring ring;
    wchar_t name[200], other[220];
    if (count < 3 || MultiByteToWideChar(CP_UTF8, 0, words[1], -1, name, 190) == 0) return 2;
    int index = atoi(words[2]);
    void *memory = map(name);
    notes = (volatile uint32_t *)map(lstrcatW(lstrcpyW(other, name), L".notes"));
    done = OpenEventW(EVENT_MODIFY_STATE, FALSE, lstrcatW(lstrcpyW(other, name), L".done"));
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, lstrcatW(lstrcpyW(other, name), L".data"));
    if (memory == NULL || notes == NULL || done == NULL || event == NULL) return 2;
    size_t size = WINIPC_RING_HEADER_LENGTH + WINIPC_RING_MIN_CAPACITY;
    puts("ready");
    fflush(stdout);
    for (uint32_t last = 0;;) {
        uint32_t round;
        while ((round = notes[ROUND]) == last) SwitchToThread();
        if (round == UINT32_MAX) return 0;
        last = round;
        winipc_ring_role role = round % 2 == 0 ? WINIPC_RING_SENDER : WINIPC_RING_RECEIVER;
        /* No end sleeps, so one event is enough. */
        DWORD error = winipc_ring_attach(&ring, memory, size, event, event, role);
        notes[RESULTS + index] = error;
        note_end(RACERS);
        while (notes[OVER] != round) SwitchToThread();
        if (error == ERROR_SUCCESS) winipc_ring_close(&ring);
        note_end(2 * RACERS);
    }
}
