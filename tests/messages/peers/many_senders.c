/*
 * many_senders HWND THREADS
 *
 * Sends to one window on many threads, without pauses, until the window is gone. Prints how many
 * messages were answered with 1, and how many with another number. Before that it asks the window
 * for long texts: on Windows, texts that need more room than any stack has. Wine 10 copies the room
 * below the stack pointer of the receiver's thread without asking how much stack is left, so such a
 * text would overwrite other memory of the receiver. On Wine the texts need 64 MiB, which a
 * listener's stack has.
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

static BOOL is_wine(void)
{
    return GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != NULL;
}

int main(int argc, char **argv)
{
    HANDLE threads[32];
    int count = argc > 2 ? atoi(argv[2]) : 0;
    WPARAM characters = is_wine() ? 0x2000000 : 0x20000000;
    DWORD_PTR answer;
    if (count < 1 || count > 32) return 2;
    window = (HWND)(ULONG_PTR)strtoull(argv[1], NULL, 10);
    SendMessageTimeoutW(window, WM_GETTEXT, characters, 0, 0, 500, &answer);
    SendMessageTimeoutW(window, WM_ASKCBFORMATNAME, characters, 0, 0, 500, &answer);
    puts("ready");
    fflush(stdout);
    // The threads of a 32-bit program share 2 GB of addresses, so each gets a small stack.
    for (int i = 0; i < count; i++) {
        DWORD flags = STACK_SIZE_PARAM_IS_A_RESERVATION;
        threads[i] = CreateThread(NULL, 1 << 20, send_on, NULL, flags, NULL);
        if (threads[i] == NULL) return 3;
    }
    WaitForMultipleObjects((DWORD)count, threads, TRUE, INFINITE);
    printf("%ld %ld\n", ones, zeros);
    return 0;
}
