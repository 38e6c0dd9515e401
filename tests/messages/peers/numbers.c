/*
 * Sends and receives WM_COPYDATA, and prints the numbers of both as 64 bits. Prints "ready", and in
 * the next line its window's handle. For each line
 *
 *   send WINDOW ID LENGTH   sends LENGTH bytes with ID as dwData to WINDOW, and prints the answer
 *   take ANSWER             waits for one message, and answers it with ANSWER. Prints the message's
 *                           dwData, cbData and checksum, and the handle of the sender's window
 *
 * ANSWER, ID and WINDOW are decimal numbers, also negative ones.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static LONG_PTR answer;
static int taken;

static unsigned checksum(const unsigned char *bytes, DWORD length) {
    unsigned sum = 0;
    for (DWORD i = 0; i < length; i++) sum = sum * 31 + bytes[i];
    return sum;
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    if (message != WM_COPYDATA) return DefWindowProcA(window, message, wparam, lparam);
    const COPYDATASTRUCT *data = (const COPYDATASTRUCT *)lparam;
    printf("%llu %lu %u %llu\n", (unsigned long long)data->dwData, data->cbData,
           checksum(data->lpData, data->cbData), (unsigned long long)wparam);
    taken = 1;
    return answer;
}

static void send_to(HWND from, HWND target, ULONG_PTR id, DWORD length) {
    unsigned char *bytes = malloc(length + 1);
    if (!bytes) exit(3);
    for (DWORD i = 0; i < length; i++) bytes[i] = (unsigned char)(i * 7);
    COPYDATASTRUCT data = {.dwData = id, .cbData = length, .lpData = length ? bytes : NULL};
    LRESULT result = SendMessageA(target, WM_COPYDATA, (WPARAM)from, (LPARAM)&data);
    printf("%llu\n", (unsigned long long)(ULONG_PTR)result);
    free(bytes);
}

int main(void) {
    HWND window = CreateWindowExA(0, "Static", "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    if (!window) return 1;
    SetWindowLongPtrA(window, GWLP_WNDPROC, (LONG_PTR)procedure);
    printf("ready\n%llu\n", (unsigned long long)(ULONG_PTR)window);
    fflush(stdout);
    char line[128];
    while (fgets(line, sizeof line, stdin)) {
        long long first = 0, id = 0, length = 0;
        if (sscanf(line, "send %lld %lld %lld", &first, &id, &length) == 3) {
            send_to(window, (HWND)(LONG_PTR)first, (ULONG_PTR)id, (DWORD)length);
        } else if (sscanf(line, "take %lld", &first) == 1) {
            answer = (LONG_PTR)first;
            puts("waiting");
            fflush(stdout);
            MSG message;
            for (taken = 0; !taken;) {
                // A sent message does not return from GetMessage().
                MsgWaitForMultipleObjects(0, NULL, FALSE, INFINITE, QS_ALLINPUT);
                PeekMessageA(&message, NULL, 0, 0, PM_REMOVE);
            }
        }
        fflush(stdout);
    }
    return 0;
}
