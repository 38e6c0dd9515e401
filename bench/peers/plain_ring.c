/*
 * One end of a simple ring, such as a programmer writes in an hour. A record is a length and the
 * message, copied by memcpy. Each end publishes its position after every message. An end reads its
 * peer's position only when the last known position is not enough.
 */
#include "commands.h"
#include <stdatomic.h>

#define CAPACITY (1u << 20)
/* In place of a length: the record skips the rest of the ring. */
#define SKIP UINT32_MAX

typedef struct ring {
    _Alignas(128) _Atomic uint32_t tail;
    _Alignas(128) _Atomic uint32_t head;
    _Alignas(128) uint8_t bytes[CAPACITY];
} ring;

static ring *shared;
static uint32_t at, seen;

static void open_ring(const char *name, int is_near) {
    (void)is_near;
    char text[MAX_PATH];
    snprintf(text, sizeof text, "%s.plain", name);
    HANDLE memory =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(ring), text);
    if (memory != NULL) shared = MapViewOfFile(memory, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (shared == NULL) fail("the memory", GetLastError());
}

static uint32_t record_size(uint32_t length) { return (length + 4 + 7) & ~7u; }

static void publish(_Atomic uint32_t *position, uint32_t size) {
    at += size;
    atomic_store_explicit(position, at, memory_order_release);
}

static void wait_for_room(uint32_t size) {
    while (at - seen + size > CAPACITY) {
        seen = atomic_load_explicit(&shared->head, memory_order_acquire);
        if (at - seen + size > CAPACITY) YieldProcessor();
    }
}

static void put(const void *message, uint32_t length) {
    uint32_t size = record_size(length), rest = CAPACITY - at % CAPACITY;
    if (size > rest) {
        wait_for_room(rest);
        memcpy(shared->bytes + at % CAPACITY, &(uint32_t){SKIP}, 4);
        publish(&shared->tail, rest);
    }
    wait_for_room(size);
    uint8_t *record = shared->bytes + at % CAPACITY;
    memcpy(record, &length, 4);
    memcpy(record + 4, message, length);
    publish(&shared->tail, size);
}

static const uint8_t *take(uint32_t *length) {
    for (;;) {
        while (at == seen) {
            seen = atomic_load_explicit(&shared->tail, memory_order_acquire);
            if (at == seen) YieldProcessor();
        }
        const uint8_t *record = shared->bytes + at % CAPACITY;
        memcpy(length, record, 4);
        if (*length != SKIP) return record + 4;
        publish(&shared->head, CAPACITY - at % CAPACITY);
    }
}

static void send_all(const command *command) {
    double *message = calloc(1, command->bytes);
    for (uint32_t number = 0; number < command->count; number++) {
        for (uint32_t i = 0; i < command->bytes / 8; i++) message[i] = number;
        put(message, command->bytes);
    }
    free(message);
}

static void receive_all(const command *command) {
    double start = 0;
    for (uint32_t number = 0; number < command->count; number++) {
        uint32_t length;
        double first;
        const uint8_t *message = take(&length);
        if (number == 0) start = now();
        memcpy(&first, message, sizeof first);
        if (length != command->bytes || first != number) fail("the message's number", number);
        publish(&shared->head, record_size(length));
    }
    add_sample((now() - start) / command->count);
}

static void run(const command *command) { (command->is_near ? send_all : receive_all)(command); }

int main(int count, char **words) { return serve(count, words, open_ring, run); }
