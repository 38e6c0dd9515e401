/*
 * An end of a latest value and of a broadcast ring in C, by docs/wire_formats.md, as fast as C11
 * allows: each access has the weakest order that the algorithm needs. As in the library, the length
 * of a value or a message is known only at run time. No reader sleeps.
 *
 *   value_end NAME
 *
 * The memory is NAME-latest and NAME-ring. The program creates what does not exist. It prints
 * "ready". For each line "WAY BYTES COUNT" on the standard input it does the task COUNT times, and
 * prints the time of each in nanoseconds:
 *
 *   publish    publishes a value
 *   read-into  copies the newest value
 *   send       sends a message
 *   receive    sends messages, and receives each into a buffer that exists; only that is timed
 *
 * Or it keeps the memory busy for COUNT milliseconds, for the end of another process that does one
 * of these tasks at the same time:
 *
 *   publishes  publishes a value each microsecond
 *   reads      copies the newest value
 *   receives   looks for messages, and goes on with the newest one if it has missed some
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define MAX_BYTES 65536
#define SLOTS 4u
#define LATEST_NEWEST 256
#define LATEST_SLOTS 384
#define LATEST_SLEEPING 128

#define UNIT 16u
#define CAPACITY (1u << 20)
#define BROADCAST_NEWEST 128
#define BROADCAST_ANNOUNCED 256
#define BROADCAST_COMMITTED 384
#define BROADCAST_SLEEPING 512
#define BROADCAST_RING 2048
#define BATCH (512 / UNIT)
#define BLOCK (4096 / UNIT)
/* Messages are received in groups that fit into the ring. */
#define TOGETHER 1000u

typedef _Atomic uint32_t word;
typedef _Atomic uint64_t position;

typedef struct record {
    int32_t length, kind;
    uint64_t number;
} record;

static uint8_t *latest, *ring, *value;
static uint32_t woken;

static void fail(const char *what) {
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static double now(void) {
    LARGE_INTEGER second, ticks;
    QueryPerformanceFrequency(&second);
    QueryPerformanceCounter(&ticks);
    return (double)ticks.QuadPart * 1e9 / (double)second.QuadPart;
}

/* Would set the events of the readers that sleep. There are none. */
static inline void wake(word *sleeping) {
    if (atomic_load(&sleeping[0]) != 0) woken++;
    if (atomic_load(&sleeping[1]) != 0) woken++;
}

/* The latest value. */

static word *newest_number(void) { return (word *)(latest + LATEST_NEWEST); }

static inline uint8_t *slot_of(uint32_t number, uint32_t length) {
    return latest + LATEST_SLOTS + number % SLOTS * ((4 + length + 127) & ~127u);
}

static __attribute__((noinline)) void publish(uint32_t length) {
    uint32_t number = atomic_load_explicit(newest_number(), memory_order_relaxed) + 1;
    if (number == 0) number = 1;
    uint8_t *slot = slot_of(number, length);
    atomic_store_explicit((word *)slot, 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memcpy(slot + 4, value, length);
    atomic_store_explicit((word *)slot, number, memory_order_release);
    /* Sequentially consistent, because the wake flags are loaded next. */
    atomic_store(newest_number(), number);
    wake((word *)(latest + LATEST_SLEEPING));
}

static __attribute__((noinline)) int read_into(uint8_t *target, uint32_t length) {
    for (;;) {
        uint32_t number = atomic_load_explicit(newest_number(), memory_order_acquire);
        if (number == 0) return 0;
        uint8_t *slot = slot_of(number, length);
        if (atomic_load_explicit((word *)slot, memory_order_acquire) != number) continue;
        memcpy(target, slot + 4, length);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit((word *)slot, memory_order_relaxed) == number) return 1;
    }
}

/* The broadcast ring. */

static uint64_t at = 1, next_number = 1, announced = 1, newest, published;
static uint64_t read_at = 1, read_number = 1, seen;

static position *position_at(uint64_t offset) { return (position *)(ring + offset); }

static record *record_at(uint64_t where) {
    return (record *)(ring + BROADCAST_RING + where * UNIT % CAPACITY);
}

/* Makes a new ring, or begins to receive after the newest message. */
static void open_broadcast(void) {
    if (atomic_load(position_at(BROADCAST_ANNOUNCED)) == 0) {
        *record_at(0) = (record){UNIT, 1, 0};
        atomic_store(position_at(BROADCAST_ANNOUNCED), 1);
    }
    read_at = seen = atomic_load(position_at(BROADCAST_NEWEST));
    read_number = 0;
}

static inline void flush(void) {
    if (newest == published) return;
    published = newest;
    /* Sequentially consistent, because the wake flags are loaded next. */
    atomic_store(position_at(BROADCAST_NEWEST), newest);
    wake((word *)(ring + BROADCAST_SLEEPING));
}

static __attribute__((noinline)) void send_message(const void *bytes, uint32_t length) {
    uint64_t size = (length + 2 * UNIT - 1) / UNIT;
    uint64_t rest = CAPACITY / UNIT - at % (CAPACITY / UNIT);
    uint64_t end = at + (size <= rest ? size : rest + size);
    if (end > announced) {
        announced = end > at + BLOCK ? end : at + BLOCK;
        atomic_store_explicit(position_at(BROADCAST_ANNOUNCED), announced, memory_order_relaxed);
        atomic_thread_fence(memory_order_release);
    }
    if (size > rest) {
        record_at(at)->length = (int32_t)(rest * UNIT);
        record_at(at)->kind = 2;
        at += rest;
    }
    record *record = record_at(at);
    memcpy(record + 1, bytes, length);
    record->length = (int32_t)(length + UNIT);
    record->kind = 1;
    record->number = next_number++;
    newest = at;
    at += size;
    *(volatile uint32_t *)(ring + BROADCAST_COMMITTED) = (uint32_t)newest;
    if (at - published >= BATCH) flush();
}

static __attribute__((noinline)) int32_t receive_message(uint8_t *target) {
    for (;;) {
        if (read_at > seen) {
            seen = atomic_load_explicit(position_at(BROADCAST_NEWEST), memory_order_acquire);
            if (read_at > seen) return -1;
        }
        record found = *record_at(read_at);
        int32_t length = found.length - (int32_t)UNIT;
        uint64_t size = ((uint32_t)length + 2 * UNIT - 1) / UNIT;
        int fits = length >= 0 && length <= MAX_BYTES &&
                   read_at % (CAPACITY / UNIT) + size <= CAPACITY / UNIT;
        if (found.kind == 1 && fits) memcpy(target, record_at(read_at) + 1, (uint32_t)length);
        atomic_thread_fence(memory_order_acquire);
        uint64_t limit =
            atomic_load_explicit(position_at(BROADCAST_ANNOUNCED), memory_order_relaxed);
        if (limit - read_at > CAPACITY / UNIT) {
            read_at = seen =
                atomic_load_explicit(position_at(BROADCAST_NEWEST), memory_order_acquire);
            read_number = 0;
            continue;
        }
        if (read_at + size > limit) fail("The ring is corrupt");
        read_at += size;
        if (found.kind == 2) continue;
        if (!fits || (read_number != 0 && found.number != read_number)) fail("The ring is corrupt");
        read_number = found.number + 1;
        return length;
    }
}

static double time_receive(uint32_t length, uint32_t count, uint8_t *target) {
    double time = 0;
    flush();
    while (receive_message(target) >= 0) {}
    for (uint32_t done = 0; done < count; done += TOGETHER) {
        for (uint32_t i = 0; i < TOGETHER; i++) send_message(value, length);
        flush();
        double start = now();
        for (uint32_t i = 0; i < TOGETHER; i++)
            if (receive_message(target) != (int32_t)length) fail("A message has another length");
        time += now() - start;
    }
    return time / count;
}

static void keep_busy(const char *way, uint32_t length, uint32_t milliseconds, uint8_t *target) {
    for (double end = now() + milliseconds * 1e6; now() < end;)
        for (uint32_t i = 0; i < TOGETHER; i++) {
            if (strcmp(way, "publishes") == 0) {
                double next = now() + 1000;
                publish(length);
                while (now() < next) YieldProcessor();
            } else if (strcmp(way, "reads") == 0) read_into(target, length);
            else receive_message(target);
        }
}

static double run(const char *way, uint32_t length, uint32_t count, uint8_t *target) {
    double start = now();
    if (way[strlen(way) - 1] == 's') keep_busy(way, length, count, target);
    else if (strcmp(way, "publish") == 0)
        for (uint32_t i = 0; i < count; i++) publish(length);
    else if (strcmp(way, "read-into") == 0) {
        for (uint32_t i = 0; i < count; i++)
            if (!read_into(target, length)) fail("There is no value");
    } else if (strcmp(way, "send") == 0)
        for (uint32_t i = 0; i < count; i++) send_message(value, length);
    else
        return time_receive(length, count, target);
    return (now() - start) / count;
}

/* Opens memory, or creates it. */
static uint8_t *map(const char *name, const char *suffix, uint32_t size) {
    char text[MAX_PATH];
    snprintf(text, sizeof text, "%s-%s", name, suffix);
    HANDLE section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, text);
    if (section == NULL)
        section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, size, text);
    uint8_t *view =
        section == NULL ? NULL : MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (view == NULL) fail("There is no memory");
    return view;
}

int main(int count, char **words) {
    if (count < 2) return 2;
    static uint8_t values[2][MAX_BYTES];
    latest = map(words[1], "latest", LATEST_SLOTS + SLOTS * (MAX_BYTES + 128));
    ring = map(words[1], "ring", BROADCAST_RING + CAPACITY);
    value = values[0];
    open_broadcast();
    puts("ready");
    fflush(stdout);
    char way[16];
    unsigned length, times;
    while (scanf("%15s %u %u", way, &length, &times) == 3) {
        if (length > MAX_BYTES) return 2;
        printf("%.2f\n", run(way, length, times, values[1]));
        fflush(stdout);
    }
    return 0;
}
