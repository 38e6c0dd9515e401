/*
 * The reader of a mailslot in plain Win32.
 *
 *   mailslot_reader PATH TIMEOUT [MOST]
 *
 * PATH is the full path, \\.\mailslot\NAME. TIMEOUT limits each read, in milliseconds. MOST is the
 * maximum length of a message, in bytes, and 0 (the default) sets no limit. Wine ignores MOST. The
 * program creates the mailslot, and prints "ready", or "error ERROR" and ends. Its orders:
 *
 *   read [N]   reads one message into N bytes, or 1 MiB: "read LENGTH ERROR CHECKSUM HEX". The
 *              error is 121 at the time limit, and 122 if the message is longer than N. Such a
 *              message stays in the mailslot.
 *   info       the length of the next message and the number of messages: "NEXT COUNT", or
 *              "error ERROR". NEXT is 4294967295 if there is no message.
 */
#include "lines.h"

enum { DEFAULT_ROOM = 1 << 20 };

static HANDLE slot;

static void read_one(void) {
    DWORD room = *words[1] ? number_at(1) : DEFAULT_ROOM;
    bytes message = allocate(room);
    message.length = 0;
    DWORD error = error_of(ReadFile(slot, message.data, room, &message.length, NULL));
    answer_read(message, error);
}

static void show_info(void) {
    DWORD next = 0, count = 0;
    DWORD error = error_of(GetMailslotInfo(slot, NULL, &next, &count, NULL));
    if (error) answer("error %lu", error);
    else answer("%lu %lu", next, count);
}

int main(void) {
    int length = 0;
    wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &length);
    if (length < 3) return 2;
    DWORD most = length > 3 ? wcstoul(arguments[3], NULL, 10) : 0;
    slot = CreateMailslotW(arguments[1], most, wcstoul(arguments[2], NULL, 10), NULL);
    if (slot == INVALID_HANDLE_VALUE) refuse(GetLastError());
    answer("ready");
    while (next_order()) {
        if (is_order("read")) read_one();
        else if (is_order("info")) show_info();
        else fail_on_order();
    }
    return 0;
}
