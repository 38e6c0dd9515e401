/*
 * A client of listenRing(): ring_client PATH [TIMEOUT]. It sends the numbers 0 to 999, and expects the double
 * of each. Its lines are "ready" and then "connect ERROR", or "ok".
 */
#include "winipc_ring.h"

#include <shellapi.h>
#include <stdio.h>

#define TIMEOUT 20000

static int fail(const char *what, DWORD error) {
    printf("%s %lu\n", what, error);
    return 1;
}

int main(void) {
    int count;
    wchar_t **args = CommandLineToArgvW(GetCommandLineW(), &count);
    winipc_ring out, in;
    puts("ready");
    fflush(stdout);
    DWORD timeout = count > 2 ? (DWORD)_wtoi(args[2]) : TIMEOUT;
    DWORD error = winipc_ring_connect(&out, &in, args[1], timeout);
    if (error != ERROR_SUCCESS) return fail("connect", error);
    for (uint32_t number = 0; number < 1000; number++) {
        void *room;
        while ((room = winipc_ring_claim(&out, sizeof number)) == NULL) {
            error = winipc_ring_wait_for_room(&out, sizeof number, TIMEOUT);
            if (error != ERROR_SUCCESS) return fail("room", error);
        }
        memcpy(room, &number, sizeof number);
        winipc_ring_commit(&out, sizeof number);
        winipc_ring_flush(&out);
        const void *message;
        uint32_t length, answer;
        while ((message = winipc_ring_next(&in, &length)) == NULL) {
            error = winipc_ring_wait_for_message(&in, TIMEOUT);
            if (error != ERROR_SUCCESS) return fail("message", error);
        }
        if (length != sizeof answer) return fail("length", length);
        memcpy(&answer, message, sizeof answer);
        if (answer != 2 * number) return fail("answer", answer);
        winipc_ring_advance(&in);
    }
    winipc_ring_close(&out);
    winipc_ring_close(&in);
    puts("ok");
    return 0;
}
