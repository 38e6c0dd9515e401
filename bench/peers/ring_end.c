/*
 * One end of two channels, NAME to the far end and NAMEb back, by the library's C header.
 */
#include "commands.h"
#include "winipc_ring.h"

static winipc_ring out, in;

static void open_ends(const char *name, int is_near) {
    wchar_t there[MAX_PATH], back[MAX_PATH];
    if (!MultiByteToWideChar(CP_UTF8, 0, name, -1, there, MAX_PATH - 1)) exit(2);
    lstrcatW(lstrcpyW(back, there), L"b");
    DWORD error = winipc_ring_open(&out, is_near ? there : back, WINIPC_RING_SENDER);
    if (error == ERROR_SUCCESS)
        error = winipc_ring_open(&in, is_near ? back : there, WINIPC_RING_RECEIVER);
    if (error != ERROR_SUCCESS) fail("winipc_ring_open", error);
}

static inline uint32_t *claim(uint32_t bytes) {
    void *room;
    while ((room = winipc_ring_claim(&out, bytes)) == NULL) {
        DWORD error = winipc_ring_wait_for_room(&out, bytes, PATIENCE);
        if (error != ERROR_SUCCESS) fail("winipc_ring_wait_for_room", error);
    }
    return (uint32_t *)room;
}

static inline void wait_for_message(void) {
    DWORD error = winipc_ring_wait_for_message(&in, PATIENCE);
    if (error != ERROR_SUCCESS) fail("winipc_ring_wait_for_message", error);
}

static void check(const void *message, uint32_t length, const command *command, uint32_t number) {
    if (*(const uint32_t *)message == number && length == command->bytes) return;
    fail("the message's number", number);
}

static void check_number(
    const void *message, uint32_t length, const command *command, uint32_t number) {
    if (*(const double *)message == number && length == command->bytes) return;
    fail("the message's number", number);
}

static void send_numbers(const command *command) {
    uint32_t numbers = command->bytes / 8;
    for (uint32_t number = 0; number < command->count; number++) {
        double *room = (double *)claim(command->bytes);
        for (uint32_t i = 0; i < numbers; i++) room[i] = number;
        winipc_ring_commit(&out, command->bytes);
    }
    winipc_ring_flush(&out);
}

static void send_copies(const command *command) {
    uint32_t *source = (uint32_t *)calloc(1, command->bytes);
    for (uint32_t number = 0; number < command->count; number++) {
        source[0] = number;
        memcpy(claim(command->bytes), source, command->bytes);
        winipc_ring_commit(&out, command->bytes);
        winipc_ring_flush(&out);
    }
    free(source);
}

typedef void checker(const void *, uint32_t, const command *, uint32_t);

static inline void receive(const command *command, checker *check) {
    double start = 0;
    for (uint32_t number = 0; number < command->count;) {
        wait_for_message();
        if (number == 0) start = now();
        const void *message;
        uint32_t length;
        while ((message = winipc_ring_next(&in, &length)) != NULL) {
            check(message, length, command, number++);
            winipc_ring_advance(&in);
        }
    }
    winipc_ring_flush(&in);
    add_sample((now() - start) / command->count);
}

static void send_one(const command *command, uint32_t number) {
    slept += out.header->receiver_sleeps == WINIPC_RING_ASLEEP;
    claim(command->bytes)[0] = number;
    winipc_ring_commit(&out, command->bytes);
    winipc_ring_flush(&out);
}

static void receive_one(const command *command, uint32_t number) {
    const void *message;
    uint32_t length;
    while ((message = winipc_ring_next(&in, &length)) == NULL) wait_for_message();
    check(message, length, command, number);
    winipc_ring_advance(&in);
}

static void go_there_and_back(const command *command, uint32_t together) {
    for (uint32_t number = 0; number < command->count * together;) {
        double start = now();
        for (uint32_t i = 0; i < together; i++, number++) {
            send_one(command, number);
            receive_one(command, number);
        }
        add_sample((now() - start) / together);
    }
}

static void answer(const command *command, uint32_t together) {
    for (uint32_t number = 0; number < command->count * together; number++) {
        receive_one(command, number);
        send_one(command, number);
    }
}

/* The fastest possible copy: into memory of the ring's size, by one process alone. */
static void copy(const command *command) {
    char *source = (char *)calloc(1, command->bytes), *target = (char *)calloc(1, out.capacity);
    double start = now();
    for (uint32_t number = 0, at = 0; number < command->count; number++) {
        source[0] = (char)number;
        memcpy(target + at, source, command->bytes);
        at = (at + command->bytes) % out.capacity;
    }
    add_sample((now() - start) / command->count);
    // Reads a byte, because the compiler would remove a copy that nobody reads.
    if (*(volatile char *)target == 1) putchar(' ');
    free(source);
    free(target);
}

static void run(const command *command) {
    int is_near = command->is_near;
    if (strcmp(command->way, "stream") == 0) {
        if (is_near) send_numbers(command);
        else receive(command, check_number);
    }
    if (strcmp(command->way, "copies") == 0) {
        if (is_near) send_copies(command);
        else receive(command, check);
    }
    if (strcmp(command->way, "spin") == 0)
        (is_near ? go_there_and_back : answer)(command, ROUNDS_TOGETHER);
    if (strcmp(command->way, "sleep") == 0) (is_near ? go_there_and_back : answer)(command, 1);
    if (strcmp(command->way, "memcpy") == 0 && is_near) copy(command);
}

int main(int count, char **words) { return serve(count, words, open_ends, run); }
