/*
 * One end of a named pipe, with a handle that blocks:
 *
 *   pipe_end PATH near|far PROCESSORS bytes|messages
 *
 * PATH is the full path, \\.\pipe\NAME. The far end is the server, and the near end is the client.
 * The far end must be ready before the near end starts. The ways:
 *
 *   echo      The near end writes a message, and the far end writes the message back. The near end
 *             times each round trip.
 *   one-way   The near end writes all messages. The far end reads them all, and then answers with
 *             one byte. The near end times this from the first write to the answer, and prints the
 *             time of one message.
 *   connect   The near end connects to the pipe PATHc, reads until the far end has closed it, and
 *             closes its own end. The near end times each such connection.
 */
#include "commands.h"

/* Size of each buffer of the pipe, in bytes. */
#define BUFFER 65536

static HANDLE pipe;
static char name_of_connect[MAX_PATH];
/* The far end's instance of the pipe PATHc, which the next client connects to. */
static HANDLE next;
static int has_messages;
static int is_connected;

static HANDLE add_instance(const char *name) {
    DWORD mode = has_messages ? PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE : PIPE_TYPE_BYTE;
    HANDLE instance =
        CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX, mode | PIPE_REJECT_REMOTE_CLIENTS,
                         PIPE_UNLIMITED_INSTANCES, BUFFER, BUFFER, 0, NULL);
    if (instance == INVALID_HANDLE_VALUE) fail("CreateNamedPipeA", GetLastError());
    return instance;
}

static void open_end(const char *name, int is_near) {
    snprintf(name_of_connect, sizeof name_of_connect, "%sc", name);
    if (is_near) {
        DWORD mode = has_messages ? PIPE_READMODE_MESSAGE : PIPE_READMODE_BYTE;
        DWORD access = GENERIC_READ | GENERIC_WRITE;
        pipe = CreateFileA(name, access, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (pipe == INVALID_HANDLE_VALUE) fail("CreateFileA", GetLastError());
        if (!SetNamedPipeHandleState(pipe, &mode, NULL, NULL))
            fail("SetNamedPipeHandleState", GetLastError());
        return;
    }
    pipe = add_instance(name);
    next = add_instance(name_of_connect);
}

static void await_client(HANDLE instance) {
    if (!ConnectNamedPipe(instance, NULL) && GetLastError() != ERROR_PIPE_CONNECTED)
        fail("ConnectNamedPipe", GetLastError());
}

static void write_bytes(const char *bytes, uint32_t length) {
    DWORD written;
    if (!WriteFile(pipe, bytes, length, &written, NULL) || written != length)
        fail("WriteFile", GetLastError());
}

/* Reads one message, or that many bytes, which can come in parts. */
static void read_bytes(char *bytes, uint32_t length) {
    for (DWORD at = 0, read; at < length; at += read)
        if (!ReadFile(pipe, bytes + at, length - at, &read, NULL)) fail("ReadFile", GetLastError());
}

static void go_there_and_back(char *bytes, const command *command) {
    for (uint32_t number = 0; number < command->count; number++) {
        double start = now();
        write_bytes(bytes, command->bytes);
        read_bytes(bytes, command->bytes);
        add_sample(now() - start);
    }
}

static void answer(char *bytes, const command *command) {
    for (uint32_t number = 0; number < command->count; number++) {
        read_bytes(bytes, command->bytes);
        write_bytes(bytes, command->bytes);
    }
}

static void send_all(char *bytes, const command *command) {
    double start = now();
    for (uint32_t number = 0; number < command->count; number++) write_bytes(bytes, command->bytes);
    read_bytes(bytes, 1);
    add_sample((now() - start) / command->count);
}

static void receive_all(char *bytes, const command *command) {
    for (uint32_t number = 0; number < command->count; number++) read_bytes(bytes, command->bytes);
    write_bytes(bytes, 1);
}

static void connect_and_close(char *bytes, const command *command) {
    for (uint32_t number = 0; number < command->count; number++) {
        double start = now();
        DWORD access = GENERIC_READ | GENERIC_WRITE, read;
        HANDLE client = CreateFileA(name_of_connect, access, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (client == INVALID_HANDLE_VALUE) fail("CreateFileA", GetLastError());
        if (ReadFile(client, bytes, 1, &read, NULL)) fail("ReadFile", 0);
        CloseHandle(client);
        add_sample(now() - start);
    }
}

static void accept_and_close(char *bytes, const command *command) {
    (void)bytes;
    for (uint32_t number = 0; number < command->count; number++) {
        HANDLE instance = next;
        await_client(instance);
        next = add_instance(name_of_connect);
        CloseHandle(instance);
    }
}

static void run(const command *command) {
    char *bytes = (char *)calloc(1, command->bytes);
    if (!command->is_near && !is_connected) await_client(pipe);
    is_connected = 1;
    if (strcmp(command->way, "echo") == 0)
        (command->is_near ? go_there_and_back : answer)(bytes, command);
    if (strcmp(command->way, "one-way") == 0)
        (command->is_near ? send_all : receive_all)(bytes, command);
    if (strcmp(command->way, "connect") == 0)
        (command->is_near ? connect_and_close : accept_and_close)(bytes, command);
    free(bytes);
}

int main(int count, char **words) {
    has_messages = count > 4 && strcmp(words[4], "messages") == 0;
    return serve(count, words, open_end, run);
}
