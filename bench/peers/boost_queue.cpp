/*
 * One end of a boost::lockfree::spsc_queue in shared memory. It needs Debian's libboost-dev and
 * g++-mingw-w64-x86-64-win32.
 */
#include "commands.h"
#include <boost/lockfree/spsc_queue.hpp>
#include <new>

struct message {
    double numbers[8];
};
/* The capacity is the number of messages that a ring of 1 MiB holds. */
typedef boost::lockfree::spsc_queue<message, boost::lockfree::capacity<(1 << 20) / 72>> queue;

static queue *shared;

static void open_queue(const char *name, int is_near) {
    char text[MAX_PATH];
    snprintf(text, sizeof text, "%s.boost", name);
    HANDLE memory =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof(queue), text);
    void *view = NULL;
    if (memory != NULL) view = MapViewOfFile(memory, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (view == NULL) fail("the memory", GetLastError());
    /* The near end is started first. */
    shared = is_near ? new (view) queue : static_cast<queue *>(view);
}

static void send_all(const command *command) {
    for (uint32_t number = 0; number < command->count; number++) {
        message next;
        for (double &field : next.numbers) field = number;
        while (!shared->push(next)) YieldProcessor();
    }
}

static void receive_all(const command *command) {
    double start = 0;
    for (uint32_t number = 0; number < command->count;) {
        size_t consumed = shared->consume_all([&](const message &next) {
            if (number == 0) start = now();
            if (next.numbers[0] != number) fail("the message's number", number);
            number++;
        });
        if (consumed == 0) YieldProcessor();
    }
    add_sample((now() - start) / command->count);
}

static void run(const command *command) { (command->is_near ? send_all : receive_all)(command); }

int main(int count, char **words) { return serve(count, words, open_queue, run); }
