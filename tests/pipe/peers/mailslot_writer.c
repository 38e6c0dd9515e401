/*
 * A writer to a mailslot in plain Win32.
 *
 *   mailslot_writer PATH SHARE    PATH is the full path, \\.\mailslot\NAME. Without SHARE, other
 *                                 writers can open the mailslot, too. With "alone" they cannot.
 *
 * It opens the mailslot, and prints "ready", or "error ERROR" and ends. Its orders:
 *
 *   write HEX           writes one message: "wrote LENGTH ERROR"
 *   fill LENGTH BYTE    writes one message, a byte LENGTH times: the same line
 *   empty               writes a message of 0 bytes: the same line
 *   many COUNT LENGTH   writes COUNT messages: "wrote COUNT ERROR". Each begins with its number,
 *                       counted from 0, as a 32-bit little-endian integer, and continues with
 *                       zeros. A message shorter than 4 bytes has a part of its number.
 */
#include "lines.h"

static HANDLE slot;

static void write_one(void) {
    bytes message = bytes_of_order();
    DWORD length = 0;
    DWORD error = error_of(WriteFile(slot, message.data, message.length, &length, NULL));
    free(message.data);
    answer("wrote %lu %lu", length, error);
}

static void write_many(DWORD count, DWORD length) {
    bytes message = allocate(length);
    memset(message.data, 0, length);
    DWORD error = 0, number = 0, written;
    for (; number < count; number++) {
        memcpy(message.data, &number, min(length, sizeof number));
        error = error_of(WriteFile(slot, message.data, length, &written, NULL));
        if (error) break;
    }
    free(message.data);
    answer("wrote %lu %lu", number, error);
}

int main(void) {
    int length = 0;
    wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &length);
    if (length < 2) return 2;
    // All writers of a mailslot must share both rights. Otherwise the second one gets error 32.
    DWORD share = length > 2 ? FILE_SHARE_READ : FILE_SHARE_READ | FILE_SHARE_WRITE;
    slot = CreateFileW(arguments[1], GENERIC_WRITE, share, NULL, OPEN_EXISTING, 0, NULL);
    if (slot == INVALID_HANDLE_VALUE) refuse(GetLastError());
    answer("ready");
    while (next_order()) {
        if (is_order("many")) write_many(number_at(1), number_at(2));
        else if (is_order("write") || is_order("fill") || is_order("empty")) write_one();
        else fail_on_order();
    }
    return 0;
}
