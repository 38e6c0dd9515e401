/*
 * One end of a channel in C, with the generated header. It prints "ready" or "refused ERROR". At
 * the end it prints the number of its messages and the error that ended it.
 *
 *   end send NAME COUNT      sends COUNT messages, or messages without end if COUNT is 0
 *   end receive NAME COUNT   receives COUNT messages, or all messages if COUNT is 0
 *   end echo NAME 0          sends each message back through the channel NAMEb
 *
 * Lengths and bytes are the random numbers of tests/support/random.ts with the seed 7.
 */
#include <stdio.h>
#include <stdlib.h>

/* With few looks, the end sleeps whenever it must wait. */
#define WINIPC_RING_MAX_LOOKS 8u
#include "winipc_ring.h"

#define PATIENCE 20000

static uint32_t state = 7;

static uint32_t below(uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % bound;
}

static DWORD claim(winipc_ring *ring, uint32_t length, void **room) {
    DWORD error = ERROR_SUCCESS;
    while (error == ERROR_SUCCESS && (*room = winipc_ring_claim(ring, length)) == NULL)
        error = winipc_ring_wait_for_room(ring, length, PATIENCE);
    return error;
}

static DWORD send_all(winipc_ring *ring, unsigned long count, unsigned long *done) {
    for (; count == 0 || *done < count; ++*done) {
        uint32_t length = below(ring->max_message_length + 1);
        void *room;
        DWORD error = claim(ring, length, &room);
        if (error != ERROR_SUCCESS) return error;
        for (uint32_t i = 0; i < length; i++) ((uint8_t *)room)[i] = (uint8_t)below(256);
        winipc_ring_commit(ring, length);
    }
    return ERROR_SUCCESS;
}

static int is_next(const uint8_t *message, uint32_t length, uint32_t longest) {
    if (length != below(longest + 1)) return 0;
    for (uint32_t i = 0; i < length; i++)
        if (message[i] != below(256)) return 0;
    return 1;
}

static DWORD receive_all(winipc_ring *ring, unsigned long count, unsigned long *done) {
    for (;;) {
        DWORD error = winipc_ring_wait_for_message(ring, PATIENCE);
        if (error != ERROR_SUCCESS) return error;
        const void *message;
        uint32_t length;
        while ((message = winipc_ring_next(ring, &length)) != NULL) {
            if (!is_next((const uint8_t *)message, length, ring->max_message_length))
                return ERROR_CRC;
            winipc_ring_advance(ring);
            if (++*done == count) return ERROR_SUCCESS;
        }
    }
}

static DWORD echo_all(winipc_ring *from, winipc_ring *to, unsigned long *done) {
    for (;;) {
        DWORD error = winipc_ring_wait_for_message(from, PATIENCE);
        if (error != ERROR_SUCCESS) return error;
        const void *message;
        uint32_t length;
        while ((message = winipc_ring_next(from, &length)) != NULL) {
            void *room;
            if ((error = claim(to, length, &room)) != ERROR_SUCCESS) return error;
            memcpy(room, message, length);
            winipc_ring_commit(to, length);
            winipc_ring_flush(to);
            winipc_ring_advance(from);
            ++*done;
        }
    }
}

int main(int count, char **words) {
    if (count < 4) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    wchar_t name[200];
    int length = MultiByteToWideChar(CP_UTF8, 0, words[2], -1, name, 190);
    if (length == 0) return 2;
    int sends = strcmp(words[1], "send") == 0, echoes = strcmp(words[1], "echo") == 0;
    unsigned long wanted = strtoul(words[3], NULL, 10), done = 0;
    static winipc_ring ring, back;
    DWORD error = winipc_ring_open(&ring, name, sends ? WINIPC_RING_SENDER : WINIPC_RING_RECEIVER);
    if (error == ERROR_SUCCESS && echoes)
        error = winipc_ring_open(&back, lstrcatW(name, L"b"), WINIPC_RING_SENDER);
    if (error != ERROR_SUCCESS) {
        printf("refused %lu\n", error);
        return 1;
    }
    puts("ready");
    error = sends    ? send_all(&ring, wanted, &done)
            : echoes ? echo_all(&ring, &back, &done)
                     : receive_all(&ring, wanted, &done);
    printf("%lu messages, then %lu\n", done, error);
    winipc_ring_close(&ring);
    if (echoes) winipc_ring_close(&back);
    return 0;
}
