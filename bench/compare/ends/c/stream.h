/*
 * Ways whose handles carry bytes or messages by ReadFile() and WriteFile(): named pipes in both
 * modes, a child's standard input and output, and mailslots.
 */
#ifndef STREAM_H
#define STREAM_H

#include "shared.h"

/* Size of each buffer of a pipe, in bytes. */
#define BUFFER 65536

static HANDLE stream_in, stream_out;
/* The near end's child. */
static HANDLE child;
static uint8_t stream_frame[MAX_FRAME];
static char mailslot_of_peer[MAX_PATH];

static void write_stream(const void *frame, uint32_t length) {
    DWORD written;
    if (!WriteFile(stream_out, frame, length, &written, NULL)) fail_of("WriteFile");
    if (written != length) fail("Wrote %lu bytes of %u", written, (unsigned)length);
}

/* Reads a message, or that many bytes, which can come in parts. */
static const uint8_t *read_stream(uint32_t length) {
    for (DWORD at = 0, read; at < length; at += read)
        if (!ReadFile(stream_in, stream_frame + at, length - at, &read, NULL) &&
            GetLastError() != ERROR_MORE_DATA)
            fail_of("ReadFile");
    return stream_frame;
}

/* The far end is the server. */
static void open_pipe(const char *name, DWORD type, DWORD read_mode) {
    char path[MAX_PATH];
    snprintf(path, sizeof path, "\\\\.\\pipe\\%s", name);
    if (is_near) {
        stream_in = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (stream_in == INVALID_HANDLE_VALUE) fail_of("CreateFileA");
        if (!SetNamedPipeHandleState(stream_in, &read_mode, NULL, NULL))
            fail_of("SetNamedPipeHandleState");
    } else {
        stream_in =
            CreateNamedPipeA(path, PIPE_ACCESS_DUPLEX, type | read_mode | PIPE_REJECT_REMOTE_CLIENTS,
                             1, BUFFER, BUFFER, 0, NULL);
        if (stream_in == INVALID_HANDLE_VALUE) fail_of("CreateNamedPipeA");
        ready();
        if (!ConnectNamedPipe(stream_in, NULL) && GetLastError() != ERROR_PIPE_CONNECTED)
            fail_of("ConnectNamedPipe");
    }
    stream_out = stream_in;
}

static void open_pipe_of_bytes(const char *name) {
    open_pipe(name, PIPE_TYPE_BYTE, PIPE_READMODE_BYTE);
}

static void open_pipe_of_messages(const char *name) {
    open_pipe(name, PIPE_TYPE_MESSAGE, PIPE_READMODE_MESSAGE);
}

static void close_stream(void) { CloseHandle(stream_in); }

/* Makes a pipe whose one end the child inherits. */
static void make_pipe(HANDLE *from, HANDLE *to, HANDLE *own) {
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    if (!CreatePipe(from, to, &inherited, BUFFER) ||
        !SetHandleInformation(*own, HANDLE_FLAG_INHERIT, 0))
        fail_of("CreatePipe");
}

/* The near end starts the far end, by the same program, and is its peer. */
static void open_stdio(const char *name) {
    if (!is_near) {
        stream_in = GetStdHandle(STD_INPUT_HANDLE);
        stream_out = GetStdHandle(STD_OUTPUT_HANDLE);
        return;
    }
    char path[MAX_PATH], command[2 * MAX_PATH];
    STARTUPINFOA start = {0};
    PROCESS_INFORMATION started;
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    make_pipe(&start.hStdInput, &stream_out, &stream_out);
    make_pipe(&stream_in, &start.hStdOutput, &stream_in);
    if (GetModuleFileNameA(NULL, path, sizeof path) == 0) fail_of("GetModuleFileNameA");
    snprintf(command, sizeof command, "\"%s\" far %s %s", path, the_way->name, name);
    if (!CreateProcessA(path, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &started))
        fail_of("CreateProcessA");
    CloseHandle(start.hStdInput);
    CloseHandle(start.hStdOutput);
    CloseHandle(started.hThread);
    child = started.hProcess;
}

static void close_stdio(void) {
    DWORD code = 0;
    if (!is_near) return;
    wait_for(child);
    if (!GetExitCodeProcess(child, &code) || code != 0) fail("The child ended with %lu", code);
}

/* Each end creates the mailslot in which it receives. */
static void open_mailslot(const char *name) {
    char path[MAX_PATH];
    snprintf(path, sizeof path, "\\\\.\\mailslot\\%s-to-%s", name, is_near ? "near" : "far");
    snprintf(mailslot_of_peer, MAX_PATH, "\\\\.\\mailslot\\%s-to-%s", name, is_near ? "far" : "near");
    stream_in = CreateMailslotA(path, 0, PATIENCE, NULL);
    if (stream_in == INVALID_HANDLE_VALUE) fail_of("CreateMailslotA");
}

static void write_mailslot(const void *frame, uint32_t length) {
    if (stream_out == NULL) {
        stream_out = CreateFileA(mailslot_of_peer, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                 NULL, OPEN_EXISTING, 0, NULL);
        if (stream_out == INVALID_HANDLE_VALUE) fail_of("CreateFileA");
    }
    write_stream(frame, length);
}

#endif
