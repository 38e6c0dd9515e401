/* Writes its program's path, and then each argument, as UTF-8 with a NUL after each text. */
#include <stdio.h>
#include <windows.h>

static void put(const wchar_t *text) {
    char bytes[4096];
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    fwrite(bytes, 1, (size_t)length, stdout);
}

int main(void) {
    static wchar_t path[32768];
    GetModuleFileNameW(NULL, path, 32768);
    put(path);
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    for (int i = 1; i < count; i++) put(words[i]);
    return 0;
}
