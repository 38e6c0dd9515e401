/*
 * One end of two events, NAME.there and NAME.back: the minimum work to wake a sleeping peer.
 */
#include "commands.h"

static HANDLE to, from;

static void open_ends(const char *name, int is_near) {
    char text[MAX_PATH];
    snprintf(text, sizeof text, "%s.there", name);
    HANDLE there = CreateEventA(NULL, FALSE, FALSE, text);
    snprintf(text, sizeof text, "%s.back", name);
    HANDLE back = CreateEventA(NULL, FALSE, FALSE, text);
    if (there == NULL || back == NULL) fail("CreateEventA", GetLastError());
    to = is_near ? there : back;
    from = is_near ? back : there;
}

static void wait(void) {
    if (WaitForSingleObject(from, PATIENCE) != WAIT_OBJECT_0) fail("a wait", GetLastError());
}

static void run(const command *command) {
    for (uint32_t number = 0; number < command->count; number++) {
        double start = now();
        if (!command->is_near) wait();
        SetEvent(to);
        if (!command->is_near) continue;
        wait();
        add_sample(now() - start);
    }
    slept = command->count;
}

int main(int count, char **words) { return serve(count, words, open_ends, run); }
