/*
 * The orders that both ends of a pipe obey:
 *
 *   read N              one ReadFile() of at most N bytes: "read LENGTH ERROR CHECKSUM HEX"
 *   take N              reads until it has N bytes, or an error: the same line
 *   write HEX           one WriteFile(): "wrote LENGTH ERROR"
 *   fill LENGTH BYTE    writes a byte LENGTH times by one WriteFile(): the same line
 *   empty               writes 0 bytes, the half close of .NET and go-winio: the same line
 *   flush               FlushFileBuffers(): the error, or 0
 */
#include "lines.h"

static void read_bytes(HANDLE pipe, DWORD most, BOOL all) {
    bytes read = allocate(most);
    DWORD error, length;
    read.length = 0;
    do {
        length = 0;
        unsigned char *rest = read.data + read.length;
        error = error_of(ReadFile(pipe, rest, most - read.length, &length, NULL));
        read.length += length;
    } while (all && error == 0 && read.length < most);
    answer_read(read, error);
}

static void write_bytes(HANDLE pipe) {
    bytes written = bytes_of_order();
    DWORD length = 0;
    DWORD error = error_of(WriteFile(pipe, written.data, written.length, &length, NULL));
    free(written.data);
    answer("wrote %lu %lu", length, error);
}

/* Obeys an order. Returns 0 if the order is another one. */
static int transfer(HANDLE pipe) {
    if (is_order("read") || is_order("take")) read_bytes(pipe, number_at(1), is_order("take"));
    else if (is_order("write") || is_order("fill") || is_order("empty")) write_bytes(pipe);
    else if (is_order("flush")) answer("%lu", error_of(FlushFileBuffers(pipe)));
    else return 0;
    return 1;
}
