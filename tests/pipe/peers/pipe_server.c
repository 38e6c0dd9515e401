/*
 * A pipe server in plain Win32, with handles that block.
 *
 *   pipe_server PATH bytes|messages duplex|inbound|outbound INSTANCES [SDDL]
 *
 * PATH is the full path, \\.\pipe\NAME, and INSTANCES the maximum. SDDL is the text of a security
 * descriptor. The program creates the first instance, and prints "ready", or "error ERROR" and
 * ends. It obeys the orders of transfers.h, and:
 *
 *   connect           waits for a client: "connected" or the error
 *   disconnect        DisconnectNamedPipe(): the error, or 0
 *   close             closes the instance: the error, or 0
 *   instance [PATH]   creates one more instance, of the pipe PATH if there is one: the error, or 0
 *   first PATH        the same, with FILE_FLAG_FIRST_PIPE_INSTANCE
 *   use INDEX         obeys all further orders with that instance, counted from 0: 0
 *   client            the client's process id, or "error ERROR"
 *   impersonate       the client's impersonation level, 0 to 3, and its user: "LEVEL SID", or
 *                     "error ERROR". Windows allows this only after a read. So without an earlier
 *                     read this reads one byte, which is then lost.
 */
#include "transfers.h"
#include <sddl.h>

#ifdef _MSC_VER
#pragma comment(lib, "advapi32")
#endif

enum { BUFFER = 65536, MAX_INSTANCES = 255 };

static wchar_t **arguments;
static SECURITY_ATTRIBUTES security = {.nLength = sizeof security};
static HANDLE instances[MAX_INSTANCES];
static int count, current;

static DWORD create(const wchar_t *path, DWORD flags) {
    DWORD type = PIPE_TYPE_BYTE, access = PIPE_ACCESS_DUPLEX;
    if (wcscmp(arguments[2], L"messages") == 0) type = PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE;
    if (wcscmp(arguments[3], L"inbound") == 0) access = PIPE_ACCESS_INBOUND;
    if (wcscmp(arguments[3], L"outbound") == 0) access = PIPE_ACCESS_OUTBOUND;
    HANDLE made = CreateNamedPipeW(path, access | flags, type | PIPE_REJECT_REMOTE_CLIENTS,
                                   wcstoul(arguments[4], NULL, 10), BUFFER, BUFFER, 0,
                                   security.lpSecurityDescriptor ? &security : NULL);
    if (made == INVALID_HANDLE_VALUE) return GetLastError();
    if (count == MAX_INSTANCES) exit(3);
    instances[count++] = made;
    return 0;
}

static void create_other(DWORD flags) {
    wchar_t path[MAX_PATH] = L"";
    MultiByteToWideChar(CP_UTF8, 0, words[1], -1, path, MAX_PATH);
    answer("%lu", create(*path ? path : arguments[1], flags));
}

static void accept_client(void) {
    DWORD error = error_of(ConnectNamedPipe(instances[current], NULL));
    // The client may come before this call.
    if (error == 0 || error == ERROR_PIPE_CONNECTED) answer("connected");
    else answer("%lu", error);
}

static void use(DWORD index) {
    if (index >= (DWORD)count) fail_on_order();
    current = (int)index;
    answer("0");
}

static void show_client(void) {
    ULONG pid = 0;
    DWORD error = error_of(GetNamedPipeClientProcessId(instances[current], &pid));
    if (error) answer("error %lu", error);
    else answer("%lu", pid);
}

static DWORD read_token(HANDLE token, DWORD *level, char **sid) {
    union {
        TOKEN_USER user;
        char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } found;
    DWORD length;
    if (!GetTokenInformation(token, TokenImpersonationLevel, level, sizeof *level, &length) ||
        !GetTokenInformation(token, TokenUser, &found, sizeof found, &length) ||
        !ConvertSidToStringSidA(found.user.User.Sid, sid))
        return GetLastError();
    return 0;
}

static void impersonate(void) {
    HANDLE pipe = instances[current], token = NULL;
    DWORD level = 0, length;
    char byte, *sid = NULL;
    DWORD error = error_of(ImpersonateNamedPipeClient(pipe));
    if (error == ERROR_CANNOT_IMPERSONATE) {
        ReadFile(pipe, &byte, 1, &length, NULL);
        error = error_of(ImpersonateNamedPipeClient(pipe));
    }
    // TRUE, because a client at the level of identification has no right to open the token.
    if (!error) error = error_of(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token));
    if (!error) error = read_token(token, &level, &sid);
    if (!RevertToSelf()) exit(3);
    if (token) CloseHandle(token);
    if (error) answer("error %lu", error);
    else answer("%lu %s", level, sid);
    LocalFree(sid);
}

static void obey(void) {
    HANDLE pipe = instances[current];
    if (transfer(pipe)) return;
    if (is_order("connect")) accept_client();
    else if (is_order("disconnect")) answer("%lu", error_of(DisconnectNamedPipe(pipe)));
    else if (is_order("close")) answer("%lu", error_of(CloseHandle(pipe)));
    else if (is_order("instance")) create_other(0);
    else if (is_order("first")) create_other(FILE_FLAG_FIRST_PIPE_INSTANCE);
    else if (is_order("use")) use(number_at(1));
    else if (is_order("client")) show_client();
    else if (is_order("impersonate")) impersonate();
    else fail_on_order();
}

int main(void) {
    int length = 0;
    arguments = CommandLineToArgvW(GetCommandLineW(), &length);
    if (length < 5) return 2;
    if (length > 5 && !ConvertStringSecurityDescriptorToSecurityDescriptorW(
                          arguments[5], SDDL_REVISION_1, &security.lpSecurityDescriptor, NULL))
        refuse(GetLastError());
    DWORD error = create(arguments[1], 0);
    if (error) refuse(error);
    answer("ready");
    while (next_order()) obey();
    return 0;
}
