/*
 * Sends WM_COPYDATA to the window of a given class. For each line "BYTES TIMES" on the standard
 * input, it sends BYTES bytes TIMES times. It prints how many nanoseconds each send took, on one
 * line.
 *
 * The bytes were written before, as those of a real program. Pages that nobody has written are all
 * the same page of zeros, which stays in the processor's cache.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

int main(int count, char **words) {
    if (count < 2) return 2;
    HWND window = FindWindowExA(HWND_MESSAGE, NULL, words[1], NULL);
    if (!window) return 1;
    LARGE_INTEGER second, before, after;
    QueryPerformanceFrequency(&second);
    puts("ready");
    fflush(stdout);
    unsigned long bytes, times;
    while (scanf("%lu %lu", &bytes, &times) == 2) {
        COPYDATASTRUCT data = {.cbData = bytes, .lpData = malloc(bytes)};
        memset(data.lpData, 1, bytes);
        // The receiver answers 1 if the first byte is 0.
        *(unsigned char *)data.lpData = 0;
        for (unsigned long i = 0; i < times; i++) {
            DWORD_PTR answer = 0;
            QueryPerformanceCounter(&before);
            SendMessageTimeoutW(window, WM_COPYDATA, 0, (LPARAM)&data, SMTO_ERRORONEXIT, 5000,
                                &answer);
            QueryPerformanceCounter(&after);
            if (answer != 1) return 1;
            printf("%lld ", (after.QuadPart - before.QuadPart) * 1000000000 / second.QuadPart);
        }
        puts("");
        fflush(stdout);
        free(data.lpData);
    }
    return 0;
}
