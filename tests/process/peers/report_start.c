/*
 * Writes how it was started into the memory that it inherited under the key "told". The memory
 * begins with the number of arguments. Then each argument follows as a count of UTF-16 code units
 * and the units. After "--env", the values of the named variables and the current directory follow.
 * After "--handle", the text "open" or "closed" follows. "--wait" lets the program sleep for a
 * minute.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

static uint32_t *at;

static void put(const wchar_t *text) {
    uint32_t length = (uint32_t)wcslen(text);
    *at++ = length;
    memcpy(at, text, length * sizeof *text);
    at += (length + 1) / 2;
}

int main(void) {
    char text[128];
    unsigned long long handle;
    if (!GetEnvironmentVariableA("WINIPC_INHERIT_told", text, sizeof text)) return 1;
    if (sscanf(text, "%llu", &handle) != 1) return 2;
    at = MapViewOfFile((HANDLE)(ULONG_PTR)handle, FILE_MAP_WRITE, 0, 0, 0);
    if (!at) return 3;
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    *at++ = (uint32_t)count - 1;
    for (int i = 1; i < count; i++) put(words[i]);
    if (count > 1 && wcscmp(words[1], L"--wait") == 0) Sleep(60000);
    if (count > 1 && wcscmp(words[1], L"--exit") == 0) return 77;
    if (count > 2 && wcscmp(words[1], L"--env") == 0) {
        static wchar_t value[32768];
        for (int i = 2; i < count; i++) {
            DWORD length = GetEnvironmentVariableW(words[i], value, 32768);
            if (length == 0) value[0] = 0;
            put(value);
        }
        GetCurrentDirectoryW(32768, value);
        put(value);
    }
    if (count > 2 && wcscmp(words[1], L"--handle") == 0) {
        // This checks whether the number is a handle of any object in this process.
        DWORD flags = 0;
        HANDLE other = (HANDLE)(ULONG_PTR)wcstoul(words[2], NULL, 10);
        put(GetHandleInformation(other, &flags) ? L"open" : L"closed");
    }
    return 0;
}
