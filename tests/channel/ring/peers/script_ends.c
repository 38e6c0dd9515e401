/*
 * Both ends of a channel in C, with the generated header. The program reads lines with one step
 * each, does the step, and answers with one line. tests/channel/ring/script.ts does the same steps
 * with TypeScript ends.
 *
 *   open ROLE NAME           opens an end; if it is open already, tries to open a second one
 *   open_in_thread ROLE NAME opens an end in a thread, which then ends
 *   close ROLE               closes an end
 *   abandon ROLE             forgets an end, as if its process were killed
 *   flush ROLE               publishes
 *   claim LENGTH SEED        claims a message and fills it
 *   commit LENGTH            commits the claim, or its first bytes
 *   send LENGTH SEED         claims, fills and commits
 *   send_now LENGTH SEED     claims, fills, commits and publishes
 *   read COUNT               receives COUNT messages, and publishes if there are fewer
 *   visit COUNT              receives up to COUNT messages
 *   next                     receives a message, or does nothing if there is none
 *   peek COUNT               peeks at COUNT messages, and publishes if there are fewer
 *   wait_peek                waits with a timeout of 0, and peeks
 *   release COUNT            releases COUNT peeked messages
 *   peek_release COUNT       peeks at up to COUNT messages, and releases all of them
 *   wait_message             waits with a timeout of 0
 *   wait_room LENGTH         waits with a timeout of 0
 *   poll_message             waits with a timeout of 0 until the result is not a timeout
 *   poll_room LENGTH         waits with a timeout of 0 until the result is not a timeout
 *   steal ROLE NAME COUNT    lets another owner take the place first, COUNT times, at the next open
 *
 * An answer is an error code, 0 for success; "no end"; or the length and the hash of each message,
 * after its number if it was peeked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* Changes a place's owner between the load of the owner and the compare-and-swap. */
static HANDLE WINAPI open_process(DWORD access, BOOL inherits, DWORD id);
#define OpenProcess open_process
#include "winipc_ring.h"
#undef OpenProcess

#define PATIENCE 10000

typedef struct end {
    winipc_ring ring;
    int is_open;
} end;

static end ends[2];
static volatile uint64_t *stolen;
static long thieves;

static HANDLE WINAPI open_process(DWORD access, BOOL inherits, DWORD id) {
    if (thieves == 0) return OpenProcess(access, inherits, id);
    thieves--;
    /* The same process id with a later start time. */
    *stolen += 1ull << 32;
    SetLastError(ERROR_INVALID_PARAMETER);
    return NULL;
}

static void answer(DWORD error) { printf("%lu\n", error); }

static DWORD open_end(winipc_ring_role role, const wchar_t *name) {
    winipc_ring second;
    if (!ends[role].is_open) {
        DWORD error = winipc_ring_open(&ends[role].ring, name, role);
        ends[role].is_open = error == ERROR_SUCCESS;
        return error;
    }
    DWORD error = winipc_ring_open(&second, name, role);
    if (error == ERROR_SUCCESS) winipc_ring_close(&second);
    return error;
}

typedef struct opening {
    winipc_ring_role role;
    const wchar_t *name;
} opening;

static DWORD WINAPI open_here(void *parameter) {
    const opening *what = (const opening *)parameter;
    return open_end(what->role, what->name);
}

static DWORD open_in_thread(winipc_ring_role role, const wchar_t *name) {
    opening what = {role, name};
    DWORD error = ERROR_INVALID_HANDLE;
    HANDLE thread = CreateThread(NULL, 0, open_here, &what, 0, NULL);
    if (thread == NULL) return error;
    WaitForSingleObject(thread, INFINITE);
    GetExitCodeThread(thread, &error);
    CloseHandle(thread);
    return error;
}

static void steal(winipc_ring_role role, const wchar_t *name, long count) {
    HANDLE mapping = OpenFileMappingW(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, name);
    winipc_ring_header *header =
        (winipc_ring_header *)MapViewOfFile(mapping, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (header == NULL) exit(3);
    stolen = role == WINIPC_RING_SENDER ? &header->senders[0].owner : &header->receiver.owner;
    thieves = count;
}

/* Claims a message and fills it. Returns the error if there is no room. */
static DWORD claim(end *sender, uint32_t length, uint32_t seed) {
    uint8_t *room = (uint8_t *)winipc_ring_claim(&sender->ring, length);
    if (room == NULL) return winipc_ring_wait_for_room(&sender->ring, length, 0);
    for (uint32_t at = 0; at < length; at++) room[at] = (uint8_t)(seed * 31 + at);
    return ERROR_SUCCESS;
}

static DWORD send_message(end *sender, uint32_t length, uint32_t seed, int is_urgent) {
    DWORD error = claim(sender, length, seed);
    if (error != ERROR_SUCCESS) return error;
    winipc_ring_commit(&sender->ring, length);
    if (is_urgent) winipc_ring_flush(&sender->ring);
    return ERROR_SUCCESS;
}

/* Receives a message and prints its length and hash. Returns 0 if there is no message. */
static int take(end *receiver) {
    uint32_t length, hash = 0;
    const uint8_t *message = (const uint8_t *)winipc_ring_next(&receiver->ring, &length);
    if (message == NULL) return 0;
    for (uint32_t at = 0; at < length; at++) hash = hash * 31 + message[at];
    printf("%lu:%lu ", (unsigned long)length, (unsigned long)hash);
    winipc_ring_advance(&receiver->ring);
    return 1;
}

/* Peeks at a message and prints its number, length and hash. Returns 0 if there is no message. */
static int peek(end *receiver) {
    uint32_t length, hash = 0;
    uint64_t number;
    const uint8_t *message =
        (const uint8_t *)winipc_ring_peek(&receiver->ring, &length, &number);
    if (message == NULL) return 0;
    for (uint32_t at = 0; at < length; at++) hash = hash * 31 + message[at];
    printf("%.0f:%lu:%lu ", (double)number, (unsigned long)length, (unsigned long)hash);
    return 1;
}

/*
 * Publishes for all ends of the thread, as TypeScript's tryReceive() does if it finds no message.
 */
static DWORD idle(end *receiver) {
    DWORD error = winipc_ring_wait_for_message(&receiver->ring, 0);
    if (ends[WINIPC_RING_SENDER].is_open) winipc_ring_flush(&ends[WINIPC_RING_SENDER].ring);
    return error;
}

static void read_messages(end *receiver, unsigned long count, int (*take)(end *receiver)) {
    for (unsigned long done = 0; done < count; done++) {
        if (take(receiver)) continue;
        DWORD error = idle(receiver);
        if (take(receiver)) continue;
        answer(error);
        return;
    }
    puts("");
}

static void poll(winipc_ring *ring, int sends, uint32_t length) {
    uint64_t start = GetTickCount64();
    DWORD error = WAIT_TIMEOUT;
    while (error == WAIT_TIMEOUT && GetTickCount64() - start < PATIENCE)
        error = sends ? winipc_ring_wait_for_room(ring, length, 0)
                      : winipc_ring_wait_for_message(ring, 0);
    answer(error);
}

/* Does a step with an open end. */
static void use(const char *step, char **words, winipc_ring_role role) {
    end *one = &ends[role];
    uint32_t number = (uint32_t)strtoul(words[0], NULL, 10);
    uint32_t seed = (uint32_t)strtoul(words[1], NULL, 10);
    if (!one->is_open) {
        puts("no end");
    } else if (strcmp(step, "close") == 0) {
        winipc_ring_close(&one->ring);
        one->is_open = 0;
        answer(0);
    } else if (strcmp(step, "abandon") == 0) {
        one->is_open = 0;
        answer(0);
    } else if (strcmp(step, "flush") == 0) {
        winipc_ring_flush(&one->ring);
        answer(0);
    } else if (strcmp(step, "claim") == 0) {
        answer(claim(one, number, seed));
    } else if (strcmp(step, "commit") == 0) {
        winipc_ring_commit(&one->ring, number);
        answer(0);
    } else if (strcmp(step, "send") == 0 || strcmp(step, "send_now") == 0) {
        answer(send_message(one, number, seed, strcmp(step, "send_now") == 0));
    } else if (strcmp(step, "read") == 0) {
        read_messages(one, number, take);
    } else if (strcmp(step, "peek") == 0) {
        read_messages(one, number, peek);
    } else if (strcmp(step, "wait_peek") == 0) {
        DWORD error = winipc_ring_wait_for_message(&one->ring, 0);
        if (error == ERROR_SUCCESS && peek(one)) puts("");
        else answer(error);
    } else if (strcmp(step, "release") == 0) {
        answer(winipc_ring_release(&one->ring, number));
    } else if (strcmp(step, "peek_release") == 0) {
        uint32_t peeked = 0;
        while (peeked < number) {
            if (!peek(one)) {
                idle(one);
                if (!peek(one)) break;
            }
            peeked++;
        }
        answer(winipc_ring_release(&one->ring, peeked));
    } else if (strcmp(step, "visit") == 0) {
        while (number > 0 && take(one)) number--;
        puts("");
    } else if (strcmp(step, "next") == 0) {
        puts(take(one) ? "" : "none");
    } else if (strcmp(step, "wait_message") == 0) {
        answer(winipc_ring_wait_for_message(&one->ring, 0));
    } else if (strcmp(step, "wait_room") == 0) {
        answer(winipc_ring_wait_for_room(&one->ring, number, 0));
    } else if (strncmp(step, "poll_", 5) == 0) {
        poll(&one->ring, role == WINIPC_RING_SENDER, number);
    } else {
        puts("no step");
    }
}

static int is_receiving(const char *step, const char *word) {
    return strcmp(word, "receiver") == 0 || strcmp(step, "read") == 0 ||
           strcmp(step, "visit") == 0 || strcmp(step, "next") == 0 ||
           strstr(step, "peek") != NULL || strcmp(step, "release") == 0 || strstr(step, "_message") != NULL;
}

int main(void) {
    static char line[1000];
    setvbuf(stdout, NULL, _IOFBF, 4096);
    puts("ready");
    for (fflush(stdout); fgets(line, sizeof line, stdin) != NULL; fflush(stdout)) {
        char *words[4], *word = strtok(line, " \r\n");
        for (int at = 0; at < 4; at++) {
            words[at] = word == NULL ? (char *)"" : word;
            word = strtok(NULL, " \r\n");
        }
        const char *step = words[0];
        winipc_ring_role role = is_receiving(step, words[1]) ? WINIPC_RING_RECEIVER : WINIPC_RING_SENDER;
        wchar_t name[200];
        if (MultiByteToWideChar(CP_UTF8, 0, words[2], -1, name, 190) == 0) return 2;
        if (strcmp(step, "open") == 0) {
            answer(open_end(role, name));
            thieves = 0;
        } else if (strcmp(step, "open_in_thread") == 0) {
            answer(open_in_thread(role, name));
        } else if (strcmp(step, "steal") == 0) {
            steal(role, name, strtol(words[3], NULL, 10));
            answer(0);
        } else {
            use(step, &words[1], role);
        }
    }
    return 0;
}
