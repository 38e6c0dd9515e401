/*
 * A window of a given class. It copies the bytes of each WM_COPYDATA and answers 1. It keeps the
 * last 64 copies, as a program does that reads messages later. A real receiver does not copy into
 * the same cached memory each time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define KEPT 64
static void *kept[KEPT];
static unsigned next;

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    if (message == WM_COPYDATA) {
        const COPYDATASTRUCT *data = (const COPYDATASTRUCT *)lparam;
        void **copy = &kept[next++ % KEPT];
        free(*copy);
        *copy = malloc(data->cbData);
        memcpy(*copy, data->lpData, data->cbData);
        // Reads a byte, because the compiler would remove a copy that nobody reads.
        return *(volatile unsigned char *)*copy == 0;
    }
    return DefWindowProcW(window, message, wparam, lparam);
}

int main(int count, char **words) {
    if (count < 2) return 2;
    WNDCLASSEXA type = {.cbSize = sizeof type, .lpfnWndProc = procedure, .lpszClassName = words[1]};
    RegisterClassExA(&type);
    if (!CreateWindowExA(0, words[1], "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL)) return 1;
    puts("ready");
    fflush(stdout);
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
    return 0;
}
