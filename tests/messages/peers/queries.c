/*
 * A program that answers messages of its own, and sends such messages to other programs.
 *
 *   queries CLASS   opens a hidden top-level window of that class, and prints "ready"
 *
 * Each line of its input is an order. It prints one line for each order:
 *   send WINDOW MESSAGE WPARAM LPARAM     sends a message with a limit of 20 s: "ANSWER", or "none"
 *   post WINDOW MESSAGE WPARAM LPARAM     posts a message: "1", or "0" if it was refused
 *   signal WINDOW MESSAGE WPARAM LPARAM   like send, but sets the event CLASS when it begins, and
 *                                         the event CLASS-done when it has the answer
 *   data WINDOW TEXT                      sends an ANSI text by WM_COPYDATA: the answer
 *   name TEXT                             registers a message of that name: its number
 *
 * The answers of its window:
 *   WM_USER          its version, 12
 *   WM_USER + 1      WPARAM + LPARAM
 *   WM_USER + 2      1; later it sends the text "later LPARAM" by WM_COPYDATA to the window WPARAM,
 *                    and prints "answered ANSWER"
 *   WM_USER + 3      0; it prints "posted WPARAM LPARAM"
 *   WM_USER + 4      no answer: it hangs
 *   above WM_USER    WPARAM - LPARAM for all further messages, except two for its own use
 *   below WM_USER    the message's number, except for the messages by which the window is created
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { TIMEOUT = 20000, ROOM = 512, WM_ORDER = WM_APP - 1, WM_LATER = WM_APP - 2 };

static HWND own;
static const wchar_t *name;

static void set_event(const wchar_t *suffix) {
    wchar_t full[ROOM];
    swprintf(full, ROOM, L"%ls%ls", name, suffix);
    HANDLE event = OpenEventW(EVENT_MODIFY_STATE, FALSE, full);
    if (event == NULL) return;
    SetEvent(event);
    CloseHandle(event);
}

static long long send_data(HWND window, const char *text) {
    COPYDATASTRUCT data = {.dwData = 5, .cbData = (DWORD)strlen(text), .lpData = (void *)text};
    DWORD_PTR answer = 0;
    if (!SendMessageTimeoutW(window, WM_COPYDATA, (WPARAM)own, (LPARAM)&data, 0, TIMEOUT, &answer))
        return -1;
    return (long long)answer;
}

static void obey(const char *line) {
    char what[8] = "", text[ROOM] = "";
    unsigned long long window = 0;
    long long wparam = 0, lparam = 0;
    unsigned message = 0;
    DWORD_PTR answer = 0;
    if (sscanf(line, "%7s", what) != 1) ExitProcess(2);
    if (strcmp(what, "name") == 0) {
        sscanf(line, "name %511s", text);
        printf("%u\n", RegisterWindowMessageA(text));
    } else if (strcmp(what, "data") == 0) {
        sscanf(line, "data %llu %511[^\r\n]", &window, text);
        printf("%lld\n", send_data((HWND)(ULONG_PTR)window, text));
    } else if (sscanf(line, "%*s %llu %i %lli %lli", &window, (int *)&message, &wparam, &lparam) == 4) {
        HWND target = (HWND)(ULONG_PTR)window;
        if (strcmp(what, "post") == 0) {
            printf("%d\n", PostMessageW(target, message, (WPARAM)wparam, (LPARAM)lparam) != 0);
        } else {
            BOOL signals = strcmp(what, "signal") == 0;
            if (signals) set_event(L"");
            LRESULT sent = SendMessageTimeoutW(target, message, (WPARAM)wparam, (LPARAM)lparam, 0,
                                               TIMEOUT, &answer);
            if (signals) set_event(L"-done");
            if (sent) printf("%lld\n", (long long)(LONG_PTR)answer);
            else puts("none");
        }
    } else ExitProcess(2);
    fflush(stdout);
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    char text[ROOM];
    switch (message) {
    case WM_NCCREATE:
    case WM_CREATE:
        // From another program these are messages like all messages below WM_USER.
        if (own == NULL) return DefWindowProcW(window, message, wparam, lparam);
        return message;
    case WM_USER:
        return 12;
    case WM_USER + 1:
        return (LRESULT)(wparam + lparam);
    case WM_USER + 2:
        return PostMessageW(window, WM_LATER, wparam, lparam) != 0;
    case WM_USER + 3:
        printf("posted %lld %lld\n", (long long)wparam, (long long)lparam);
        fflush(stdout);
        return 0;
    case WM_USER + 4:
        Sleep(INFINITE);
        return 0;
    case WM_LATER:
        snprintf(text, sizeof text, "later %lld", (long long)lparam);
        printf("answered %lld\n", send_data((HWND)wparam, text));
        fflush(stdout);
        return 0;
    case WM_ORDER:
        if (wparam != GetCurrentProcessId()) return 0;
        obey((const char *)lparam);
        free((void *)lparam);
        return 0;
    }
    return message < WM_USER ? (LRESULT)message : (LRESULT)wparam - (LRESULT)lparam;
}

/* Passes each line of the input to the window's thread. */
static DWORD WINAPI read_orders(void *unused) {
    (void)unused;
    char line[ROOM];
    while (fgets(line, sizeof line, stdin))
        PostMessageW(own, WM_ORDER, GetCurrentProcessId(), (LPARAM)strdup(line));
    ExitProcess(0);
}

int main(void) {
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    if (count < 2) return 2;
    name = words[1];
    WNDCLASSEXW type = {.cbSize = sizeof type, .lpfnWndProc = procedure, .lpszClassName = name};
    RegisterClassExW(&type);
    own = CreateWindowExW(0, name, L"", 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL);
    if (own == NULL) return 1;
    puts("ready");
    fflush(stdout);
    CreateThread(NULL, 0, read_orders, NULL, 0, NULL);
    MSG message;
    for (;;)
        if (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
}
