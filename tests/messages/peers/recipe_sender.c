/*
 * Process A of the classic recipe: finds a window by its class and sends it a text by
 * WM_COPYDATA. It prints the receiver's answer, or "none" if it finds no window.
 *
 *   recipe_sender CLASS ansi|unicode|characters [nul] TEXT
 *
 * "characters" makes the classic mistake: cbData is the number of UTF-16 characters, not of bytes.
 * With "nul", cbData includes the final NUL.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static HWND find(const wchar_t *name) {
    HWND window = FindWindowW(name, NULL);
    return window ? window : FindWindowExW(HWND_MESSAGE, NULL, name, NULL);
}

int main(void) {
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    if (count < 4) return 2;
    int with_nul = wcscmp(words[3], L"nul") == 0;
    wchar_t *text = words[3 + with_nul];
    char ansi[4096];

    COPYDATASTRUCT data = {.dwData = 42};
    if (wcscmp(words[2], L"ansi") == 0) {
        int bytes = WideCharToMultiByte(CP_ACP, 0, text, -1, ansi, sizeof ansi, NULL, NULL);
        data.lpData = ansi;
        data.cbData = (DWORD)bytes - !with_nul;
    } else {
        DWORD characters = (DWORD)wcslen(text) + with_nul;
        data.lpData = text;
        data.cbData = wcscmp(words[2], L"characters") == 0 ? characters
                                                           : characters * sizeof(wchar_t);
    }
    HWND window = find(words[1]);
    if (!window) {
        puts("none");
        return 1;
    }
    printf("%lld\n", (long long)SendMessageW(window, WM_COPYDATA, 0, (LPARAM)&data));
    return 0;
}
