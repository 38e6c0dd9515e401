/*
 * A pipe client in plain Win32, with handles that block.
 *
 *   pipe_client PATH      PATH is the full path, \\.\pipe\NAME
 *
 * It prints "ready", and opens nothing. It obeys the orders of transfers.h, and:
 *
 *   open rw|r|w [LEVEL]   opens the pipe, and waits up to 20 s while all instances are busy: the
 *                         error, or 0. LEVEL is the impersonation level: 0 (anonymous) to 3.
 *   as low|SID rw|r|w     opens the pipe in the name of this user with low integrity, or of the
 *                         package SID, which begins with S-1-15-2: the error, or 0
 *   storm COUNT           opens and closes the pipe so many times as fast as possible: COUNT
 *   mode messages|bytes   sets the read mode: the error, or 0
 *   call HEX              TransactNamedPipe(): "read LENGTH ERROR CHECKSUM HEX"
 *   server                the server's process id, or "error ERROR"
 *   close                 closes the pipe: the error, or 0
 */
#include "transfers.h"
#include <sddl.h>

#ifdef _MSC_VER
#pragma comment(lib, "advapi32")
#endif

/* Time limits in milliseconds, and a size in bytes. */
enum { PATIENCE = 20000, RETRY = 100, BUFFER = 65536 };

static wchar_t *path;
static HANDLE pipe = INVALID_HANDLE_VALUE;

static DWORD open_pipe(const char *rights, const char *level) {
    // To read and set the mode, an end that only reads or only writes needs one more right.
    DWORD access = 0, flags = 0;
    if (strchr(rights, 'r')) access |= GENERIC_READ | FILE_WRITE_ATTRIBUTES;
    if (strchr(rights, 'w')) access |= GENERIC_WRITE | FILE_READ_ATTRIBUTES;
    if (*level) flags = SECURITY_SQOS_PRESENT | strtoul(level, NULL, 10) << 16;
    for (ULONGLONG end = GetTickCount64() + PATIENCE;;) {
        pipe = CreateFileW(path, access, 0, NULL, OPEN_EXISTING, flags, NULL);
        DWORD error = error_of(pipe != INVALID_HANDLE_VALUE);
        if (error != ERROR_PIPE_BUSY || GetTickCount64() > end) return error;
        WaitNamedPipeW(path, RETRY);
    }
}

/* Makes a token of a package, with which programs run in an AppContainer. */
static DWORD make_package_token(HANDLE own, PSID sid, HANDLE *made) {
    typedef LONG(NTAPI * create)(HANDLE *, HANDLE, ACCESS_MASK, void *, PSID, ULONG, void *, ULONG,
                                 void *);
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "NtCreateLowBoxToken");
    if (!found) return ERROR_PROC_NOT_FOUND;
    create NtCreateLowBoxToken = (create)(void *)found;
    LONG status = NtCreateLowBoxToken(made, own, TOKEN_ALL_ACCESS, NULL, sid, 0, NULL, 0, NULL);
    return status < 0 || !*made ? ERROR_GEN_FAILURE : 0;
}

/* Makes a token of low integrity. */
static DWORD make_low_token(HANDLE own, PSID sid, HANDLE *made) {
    TOKEN_MANDATORY_LABEL label = {{sid, SE_GROUP_INTEGRITY}};
    if (!DuplicateTokenEx(own, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenPrimary, made))
        return GetLastError();
    return error_of(SetTokenInformation(*made, TokenIntegrityLevel, &label, sizeof label));
}

static DWORD open_as(void) {
    BOOL low = strcmp(words[1], "low") == 0;
    HANDLE own = NULL, made = NULL, token = NULL;
    PSID sid = NULL;
    DWORD error = error_of(ConvertStringSidToSidA(low ? "S-1-16-4096" : words[1], &sid));
    if (!error) error = error_of(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own));
    if (!error) error = (low ? make_low_token : make_package_token)(own, sid, &made);
    if (!error)
        error = error_of(DuplicateTokenEx(made, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation,
                                          TokenImpersonation, &token));
    if (!error) error = error_of(SetThreadToken(NULL, token));
    // An error before the open must not look like the error of the open.
    if (error) fail_on_order();
    error = open_pipe(words[2], "");
    if (!RevertToSelf()) exit(3);
    CloseHandle(token);
    CloseHandle(made);
    CloseHandle(own);
    LocalFree(sid);
    return error;
}

static DWORD storm(DWORD count) {
    for (DWORD done = 0; done < count;) {
        HANDLE made = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (made != INVALID_HANDLE_VALUE && ++done) CloseHandle(made);
        else if (GetLastError() != ERROR_PIPE_BUSY) return done;
    }
    return count;
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
    if (is_order("open")) answer("%lu", open_pipe(words[1], words[2]));
    else if (is_order("as")) answer("%lu", open_as());
    else if (is_order("mode")) answer("%lu", set_mode());
    else if (is_order("storm")) answer("%lu", storm(number_at(1)));
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
