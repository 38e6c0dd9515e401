/*
 * Copies its standard input to its standard output, and then writes "done" to its standard error.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>

int main(void) {
    static char bytes[65536];
    int length;
    _setmode(_fileno(stdin), _O_BINARY);
    _setmode(_fileno(stdout), _O_BINARY);
    // read() returns bytes as they arrive. fread() would wait until the buffer is full.
    while ((length = _read(_fileno(stdin), bytes, sizeof bytes)) > 0) {
        for (int at = 0; at < length;) {
            int written = _write(_fileno(stdout), bytes + at, length - at);
            if (written <= 0) return 1;
            at += written;
        }
    }
    fputs("done", stderr);
    return 0;
}
