/*
 * Sends arbitrary messages to windows of other programs. Prints "ready", and answers each line of
 * its input with one line.
 *
 *   post   WINDOW FIRST LAST WPARAM LPARAM   posts the messages from FIRST to LAST to a window
 *   thread WINDOW FIRST LAST WPARAM LPARAM   posts them to the window's thread, for no window
 *   send   WINDOW FIRST LAST WPARAM LPARAM   sends them, each with a limit of 10 s
 *   show   WINDOW                            shows and paints a window
 *   flood  WINDOW                            posts and sends all, and data, until the window is gone
 *
 * A parameter is a number, "random", or "ExitProcess": the address of that function, which is the
 * same in all processes. Numbers are read as in C: 0x10 is 16.
 *
 * A range leaves out the messages that end a window by design: WM_DESTROY, WM_CLOSE and
 * WM_ENDSESSION. A range of one message leaves out nothing.
 *
 * If the parameters of a message are addresses, the system reads and writes the sender's memory,
 * and passes a copy to the receiver. With an invalid address the send fails, and most such messages
 * reach no window (on Wine 10). So this program sends the address of its own memory. It cannot post
 * these messages, because the system refuses that. Counts are small: on Wine a text of more than a
 * megabyte, or a buffer for such a text, ends any receiver.
 *
 * The answer is "done TAKEN REFUSED DATA", or "gone TAKEN REFUSED DATA" if the window is gone. DATA
 * is the number of WM_COPYDATA that were not answered 0. The answer is "stuck MESSAGE" if a message
 * had no answer in time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { TIMEOUT = 10000, ROOM = 1 << 20 };

/* The memory that the system reads or writes if a message's parameter is an address. */
static ULONG_PTR memory[ROOM / sizeof(ULONG_PTR)];
static unsigned long long state;

static struct {
    unsigned long taken, refused, data;
    unsigned stuck;
    BOOL gone;
} result;

static unsigned long long random_number(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static ULONG_PTR parameter(const char *text) {
    if (strcmp(text, "random") == 0) return (ULONG_PTR)random_number();
    if (strcmp(text, "ExitProcess") == 0)
        return (ULONG_PTR)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), text);
    return (ULONG_PTR)strtoull(text, NULL, 0);
}

/* Whether a message has a parameter that is an address. `both` says whether both parameters are. */
static BOOL has_address(UINT message, BOOL *both) {
    *both = message == 0xb0 || message == 0xe3 || message == 0x140;
    return message == 0x01 || message == 0x0c || message == 0x0d || message == 0x1a ||
           message == 0x1b || message == 0x24 || (message >= 0x2b && message <= 0x2d) ||
           message == 0x39 || message == 0x46 || message == 0x47 || message == 0x49 ||
           message == 0x4a || message == 0x4e || message == 0x53 || message == 0x7c ||
           message == 0x7d || message == 0x81 || message == 0x83 || message == 0x87 ||
           (message >= 0x90 && message <= 0x95) || (message >= 0xb0 && message <= 0xb4) ||
           (message >= 0xc2 && message <= 0xc4) || message == 0xcb || message == 0xe0 ||
           message == 0xe3 || (message >= 0xe9 && message <= 0xeb) || message == 0x11a ||
           (message >= 0x140 && message <= 0x164) || (message >= 0x180 && message <= 0x1a9) ||
           (message >= 0x213 && message <= 0x216) || message == 0x219 ||
           (message >= 0x220 && message <= 0x24f) || message == 0x283 || message == 0x288 ||
           message == 0x30c || message == 0x33f;
}

/* Fills the memory with its own address, or with zeros if the system would read this as a count. */
static void fill(UINT message) {
    BOOL counted = message == WM_COPYDATA || message == WM_DEVICECHANGE;
    for (size_t i = 0; i < 64; i++) memory[i] = counted ? 0 : (ULONG_PTR)memory;
}

static BOOL send_one(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    BOOL both;
    if (has_address(message, &both)) {
        fill(message);
        // wparam is a count, for which the memory has room.
        wparam = both ? (WPARAM)(memory + 1) : wparam & 0x80ff;
        lparam = (LPARAM)memory;
    }
    DWORD_PTR answer = 0;
    SetLastError(0);
    if (SendMessageTimeoutW(window, message, wparam, lparam, SMTO_ERRORONEXIT, TIMEOUT, &answer)) {
        result.taken++;
        if (message == WM_COPYDATA && answer != 0) result.data++;
        return TRUE;
    }
    result.refused++;
    result.gone = !IsWindow(window);
    if (!result.gone && GetLastError() == ERROR_TIMEOUT) result.stuck = message;
    return !result.gone && result.stuck == 0;
}

static BOOL post_one(HWND window, DWORD thread, UINT message, WPARAM wparam, LPARAM lparam) {
    for (int attempts = 0; attempts < TIMEOUT; attempts++) {
        if (thread != 0 ? PostThreadMessageW(thread, message, wparam, lparam)
                        : PostMessageW(window, message, wparam, lparam)) {
            result.taken++;
            return TRUE;
        }
        // A queue has room for 10,000 messages: wait until its thread has taken some.
        if (GetLastError() != ERROR_NOT_ENOUGH_QUOTA) {
            result.refused++;
            result.gone = !IsWindow(window);
            return !result.gone;
        }
        Sleep(1);
    }
    result.stuck = message;
    return FALSE;
}

/* Sends valid data, or data with a count of bytes but without bytes. */
static BOOL send_data(HWND window, unsigned number) {
    COPYDATASTRUCT data = {.dwData = number, .cbData = 5, .lpData = number % 2 ? "data" : NULL};
    DWORD_PTR answer = 0;
    if (!SendMessageTimeoutW(window, WM_COPYDATA, number, (LPARAM)&data, SMTO_ERRORONEXIT, TIMEOUT,
                             &answer)) {
        result.gone = !IsWindow(window);
        if (!result.gone && GetLastError() == ERROR_TIMEOUT) result.stuck = WM_COPYDATA;
        return !result.gone && result.stuck == 0;
    }
    if (answer != 0) result.data++;
    return TRUE;
}

static BOOL ends_window(UINT message) {
    return message == WM_DESTROY || message == WM_CLOSE || message == WM_ENDSESSION;
}

static void show(HWND window) {
    UINT flags = SWP_SHOWWINDOW | SWP_ASYNCWINDOWPOS;
    BOOL shown = SetWindowPos(window, NULL, 10, 10, 200, 200, flags);
    BOOL painted = RedrawWindow(window, NULL, NULL, RDW_INVALIDATE | RDW_INTERNALPAINT);
    result.taken = shown && painted;
}

static void flood(HWND window) {
    for (unsigned round = 0; !result.gone && result.stuck == 0; round++) {
        UINT message = round % 2 ? random_number() % 0x400 : random_number() % 0x10000;
        if (ends_window(message)) continue;
        ULONG_PTR wparam = round % 3 ? round % 2 : (ULONG_PTR)random_number();
        ULONG_PTR lparam = round % 5 ? round % 17 : (ULONG_PTR)random_number();
        BOOL both;
        if (!post_one(window, 0, message, wparam, lparam)) break;
        // This function does not wait for the answer.
        if (!has_address(message, &both)) SendNotifyMessageW(window, message, wparam, lparam);
        if (!send_one(window, message, wparam, lparam)) break;
        if (!send_data(window, round)) break;
    }
}

static void range(const char *what, HWND window, UINT first, UINT last, const char *w, const char *l) {
    DWORD thread = strcmp(what, "thread") == 0 ? GetWindowThreadProcessId(window, NULL) : 0;
    for (UINT message = first; message <= last; message++) {
        if (first < last && ends_window(message)) continue;
        WPARAM wparam = parameter(w);
        LPARAM lparam = (LPARAM)parameter(l);
        BOOL ok = strcmp(what, "send") == 0 ? send_one(window, message, wparam, lparam)
                                            : post_one(window, thread, message, wparam, lparam);
        if (!ok) break;
    }
}

int main(int count, char **words) {
    char line[256], what[16], w[32] = "0", l[32] = "0";
    unsigned long long window = 0;
    unsigned first = 0, last = 0;
    state = count > 1 ? strtoull(words[1], NULL, 0) | 1 : 1;
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        memset(&result, 0, sizeof result);
        int read = sscanf(line, "%15s %llu %i %i %31s %31s", what, &window, (int *)&first,
                          (int *)&last, w, l);
        HWND target = (HWND)(ULONG_PTR)window;
        if (strcmp(what, "flood") == 0) flood(target);
        else if (strcmp(what, "show") == 0) show(target);
        else if (read == 6) range(what, target, first, last, w, l);
        else return 2;
        if (result.stuck != 0) printf("stuck 0x%x\n", result.stuck);
        else printf("%s %lu %lu %lu\n", result.gone ? "gone" : "done", result.taken, result.refused, result.data);
        fflush(stdout);
    }
    return 0;
}
