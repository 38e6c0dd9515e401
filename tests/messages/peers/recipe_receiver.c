/*
 * Process B of the classic recipe: a window that takes WM_COPYDATA and reads the data as an ANSI
 * string. It prints "ready" when the window is open. It prints the id, the number of bytes and the
 * string of each message.
 *
 *   recipe_receiver CLASS top-level|message-only
 *
 * Its reaction to a message, by the message's id:
 *   1  answers with the number of bytes
 *   2  sends a message to the sender's window before it returns, and returns the answer to it
 *   3  prints a checksum instead of the string, and answers with the number of bytes
 *   4  hangs
 *   5  ends the process during the call
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static LRESULT copied(HWND window, HWND sender, const COPYDATASTRUCT *data) {
    if (data->dwData == 3) {
        unsigned sum = 0;
        const unsigned char *bytes = data->lpData;
        for (DWORD i = 0; i < data->cbData; i++) sum = sum * 31 + bytes[i];
        printf("3 %lu %u\n", data->cbData, sum);
    } else {
        // As (LPCSTR)lpData would read it, but not beyond cbData.
        const char *text = data->lpData ? data->lpData : "";
        printf("%llu %lu %.*s\n", (unsigned long long)data->dwData, data->cbData,
               (int)data->cbData, text);
    }
    fflush(stdout);
    switch (data->dwData) {
    case 2: {
        COPYDATASTRUCT answer = {.dwData = 7, .cbData = 6, .lpData = "inside"};
        return SendMessageW(sender, WM_COPYDATA, (WPARAM)window, (LPARAM)&answer);
    }
    case 4:
        Sleep(60000);
        return 0;
    case 5:
        ExitProcess(9);
    }
    return data->cbData;
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    if (message == WM_COPYDATA) return copied(window, (HWND)wparam, (COPYDATASTRUCT *)lparam);
    if (message == WM_DESTROY) PostQuitMessage(0);
    return DefWindowProcW(window, message, wparam, lparam);
}

int main(void) {
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    if (count < 3) return 2;
    WNDCLASSEXW type = {.cbSize = sizeof type, .lpfnWndProc = procedure, .lpszClassName = words[1]};
    RegisterClassExW(&type);
    HWND parent = wcscmp(words[2], L"message-only") == 0 ? HWND_MESSAGE : NULL;
    if (!CreateWindowExW(0, words[1], L"", 0, 0, 0, 0, 0, parent, NULL, NULL, NULL)) return 1;
    puts("ready");
    fflush(stdout);
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
    return 0;
}
