/*
 * The shared part of the programs of channel_pair.ts. Each program is one end of a pair:
 *
 *   PROGRAM NAME near|far PROCESSORS
 *
 * It prints "ready". For each line "WAY BYTES COUNT" on the standard input it does its part of the
 * task. Then it prints how often it found its peer asleep, and its times in nanoseconds. A round
 * trip is timed by the near end, and a stream of messages by its receiver, from the first to the
 * last.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define PATIENCE 20000
#define MAX_SAMPLES 65536
/* Number of spinning round trips timed together, because reading the clock takes as long as one. */
#define ROUNDS_TOGETHER 64

typedef struct command {
    char way[16];
    uint32_t bytes;
    uint32_t count;
    int is_near;
} command;

static uint32_t slept;
static double samples[MAX_SAMPLES];
static uint32_t sample_count;

static double now(void) {
    LARGE_INTEGER second, ticks;
    QueryPerformanceFrequency(&second);
    QueryPerformanceCounter(&ticks);
    return (double)ticks.QuadPart * 1e9 / (double)second.QuadPart;
}

static void add_sample(double nanoseconds) {
    if (sample_count < MAX_SAMPLES) samples[sample_count++] = nanoseconds;
}

static void fail(const char *what, unsigned long error) {
    fprintf(stderr, "%s failed with %lu\n", what, error);
    exit(1);
}

/* Does the tasks of the input lines until the input ends. */
static int serve(int count, char **words, void (*open)(const char *name, int is_near),
                 void (*run)(const command *command)) {
    if (count < 4) return 2;
    if (!SetProcessAffinityMask(GetCurrentProcess(), strtoul(words[3], NULL, 10)))
        fail("SetProcessAffinityMask", GetLastError());
    command command = {"", 0, 0, strcmp(words[2], "near") == 0};
    open(words[1], command.is_near);
    puts("ready");
    fflush(stdout);
    unsigned bytes, times;
    while (scanf("%15s %u %u", command.way, &bytes, &times) == 3) {
        command.bytes = bytes;
        command.count = times;
        slept = sample_count = 0;
        run(&command);
        printf("%u", (unsigned)slept);
        for (uint32_t i = 0; i < sample_count; i++) printf(" %.1f", samples[i]);
        puts("");
        fflush(stdout);
    }
    return 0;
}
