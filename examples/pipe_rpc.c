/*
 * The server of pipe_rpc.ts in plain Win32. Each client has an instance of the pipe, and a thread.
 *
 *   pipe_rpc NAME      listens on \\.\pipe\NAME
 */
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

/* The messages. pipe_rpc.ts has the same structs. */
typedef struct question {
    uint32_t id, operation;
    double a, b;
} question;

typedef struct answer {
    uint32_t id, error;
    double result;
} answer;

enum { ADD, SUBTRACT, MULTIPLY, DIVIDE };
enum { SUCCESS, NO_SUCH_OPERATION, DIVISION_BY_ZERO };
enum { BUFFER = 65536 };

static answer answer_to(question q) {
    answer made = {q.id, SUCCESS, 0};
    if (q.operation == ADD) made.result = q.a + q.b;
    else if (q.operation == SUBTRACT) made.result = q.a - q.b;
    else if (q.operation == MULTIPLY) made.result = q.a * q.b;
    else if (q.operation != DIVIDE) made.error = NO_SUCH_OPERATION;
    else if (q.b == 0) made.error = DIVISION_BY_ZERO;
    else made.result = q.a / q.b;
    return made;
}

/* Answers the questions of one client until it leaves, or sends a message of another length. */
static DWORD WINAPI serve(void *instance) {
    question asked;
    DWORD length;
    while (ReadFile(instance, &asked, sizeof asked, &length, NULL) && length == sizeof asked) {
        answer made = answer_to(asked);
        if (!WriteFile(instance, &made, sizeof made, &length, NULL)) break;
    }
    // The client can still read the answers that were written.
    CloseHandle(instance);
    return 0;
}

/* Creates an instance for one client. */
static HANDLE create(const wchar_t *path, DWORD first) {
    return CreateNamedPipeW(path, PIPE_ACCESS_DUPLEX | first,
                            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS,
                            PIPE_UNLIMITED_INSTANCES, BUFFER, BUFFER, 0, NULL);
}

int main(int count, char **arguments) {
    wchar_t path[256];
    if (count != 2) return 2;
    swprintf(path, sizeof path / sizeof *path, L"\\\\.\\pipe\\%hs", arguments[1]);
    // The flag makes the call fail if another program has the name. Wine ignores the flag.
    HANDLE instance = create(path, FILE_FLAG_FIRST_PIPE_INSTANCE);
    if (instance != INVALID_HANDLE_VALUE) {
        printf("Process %lu listens on %ls\n", GetCurrentProcessId(), path);
        fflush(stdout);
    }
    while (instance != INVALID_HANDLE_VALUE) {
        // The client can have come before this call.
        BOOL came = ConnectNamedPipe(instance, NULL) || GetLastError() == ERROR_PIPE_CONNECTED;
        // The next instance exists before this client is served, so that the name never vanishes.
        HANDLE next = create(path, 0);
        HANDLE thread = came ? CreateThread(NULL, 0, serve, instance, 0, NULL) : NULL;
        if (thread) CloseHandle(thread);
        else CloseHandle(instance);
        instance = next;
    }
    fprintf(stderr, "Cannot create %ls\n", path);
    return 1;
}
