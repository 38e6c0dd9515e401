/*
 * many_senders HWND THREADS
 *
 * Sends to one window on many threads, without pauses, until the window is gone. Prints how many
 * messages were answered with 1, and how many with another number. Before that it asks the window
 * for texts that need more room than any stack has.
 */

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static HWND window;
static volatile LONG ones, zeros;

static DWORD WINAPI send_on(void *unused)
{
    (void)unused;
    while (IsWindow(window)) {
        COPYDATASTRUCT data = {1, 4, "abcd"};
        DWORD_PTR answer = 0;
        if (!SendMessageTimeoutW(window, WM_COPYDATA, 0, (LPARAM)&data, SMTO_ERRORONEXIT, 20000, &answer))
            continue;
        InterlockedIncrement(answer == 1 ? &ones : &zeros);
    }
    return 0;
}

int main(int argc, char **argv)
{
    HANDLE threads[32];
    int count = argc > 2 ? atoi(argv[2]) : 0;
    DWORD_PTR answer;
    if (count < 1 || count > 32) return 2;
    window = (HWND)(ULONG_PTR)strtoull(argv[1], NULL, 10);
    SendMessageTimeoutW(window, WM_GETTEXT, 0x8000000, 0, 0, 500, &answer);
    SendMessageTimeoutW(window, WM_ASKCBFORMATNAME, 0x20000000, 0, 0, 500, &answer);
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < count; i++) threads[i] = CreateThread(NULL, 0, send_on, NULL, 0, NULL);
    WaitForMultipleObjects((DWORD)count, threads, TRUE, INFINITE);
    printf("%ld %ld\n", ones, zeros);
    return 0;
}
