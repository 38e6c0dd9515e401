/*
 * A window of the class that is named, which copies what WM_COPYDATA brings and answers 1.
 * It keeps the last copies, as a program does that takes messages for somebody who reads
 * them later; a copy into the same hot place each time would be no receiver's.
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
        // The compiler must not find out that nobody reads it.
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
