/*
 * A pipe client in plain Win32, with handles that block.
 *
 *   pipe_client PATH      PATH is the full path, \\.\pipe\NAME
 *
 * It prints "ready", and opens nothing. It obeys the orders of transfers.h, and:
 *
 *   open rw|r|w [LEVEL]   opens the pipe, and waits up to 20 s while all instances are busy: the
 *                         error, or 0. LEVEL is the impersonation level: 0 (anonymous) to 3.
 *   mode messages|bytes   sets the read mode: the error, or 0
 *   call HEX              TransactNamedPipe(): "read LENGTH ERROR CHECKSUM HEX"
 *   server                the server's process id, or "error ERROR"
 *   close                 closes the pipe: the error, or 0
 */
#include "transfers.h"

/* Time limits in milliseconds, and a size in bytes. */
enum { PATIENCE = 20000, RETRY = 100, BUFFER = 65536 };

static wchar_t *path;
static HANDLE pipe = INVALID_HANDLE_VALUE;

static DWORD open_pipe(void) {
    // To read and set the mode, an end that only reads or only writes needs one more right.
    DWORD access = 0, flags = 0;
    if (strchr(words[1], 'r')) access |= GENERIC_READ | FILE_WRITE_ATTRIBUTES;
    if (strchr(words[1], 'w')) access |= GENERIC_WRITE | FILE_READ_ATTRIBUTES;
    if (*words[2]) flags = SECURITY_SQOS_PRESENT | number_at(2) << 16;
    for (ULONGLONG end = GetTickCount64() + PATIENCE;;) {
        pipe = CreateFileW(path, access, 0, NULL, OPEN_EXISTING, flags, NULL);
        DWORD error = error_of(pipe != INVALID_HANDLE_VALUE);
        if (error != ERROR_PIPE_BUSY || GetTickCount64() > end) return error;
        WaitNamedPipeW(path, RETRY);
    }
}

static DWORD set_mode(void) {
    BOOL messages = strcmp(words[1], "messages") == 0;
    DWORD mode = messages ? PIPE_READMODE_MESSAGE : PIPE_READMODE_BYTE;
    return error_of(SetNamedPipeHandleState(pipe, &mode, NULL, NULL));
}

static void call(void) {
    bytes question = bytes_of_order(), reply = allocate(BUFFER);
    reply.length = 0;
    DWORD error = error_of(TransactNamedPipe(pipe, question.data, question.length, reply.data,
                                             BUFFER, &reply.length, NULL));
    free(question.data);
    answer_read(reply, error);
}

static void show_server(void) {
    ULONG pid = 0;
    DWORD error = error_of(GetNamedPipeServerProcessId(pipe, &pid));
    if (error) answer("error %lu", error);
    else answer("%lu", pid);
}

static void obey(void) {
    if (transfer(pipe)) return;
    if (is_order("open")) answer("%lu", open_pipe());
    else if (is_order("mode")) answer("%lu", set_mode());
    else if (is_order("call")) call();
    else if (is_order("server")) show_server();
    else if (is_order("close")) answer("%lu", error_of(CloseHandle(pipe)));
    else fail_on_order();
}

int main(void) {
    int length = 0;
    wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &length);
    if (length < 2) return 2;
    path = arguments[1];
    answer("ready");
    while (next_order()) obey();
    return 0;
}
