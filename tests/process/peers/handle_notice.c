/*
 * Passes memory on by the documented notice, in plain Win32.
 *
 *   handle_notice receive CLASS   Makes a window and receives a section. Adds one to the section's
 *                                 first byte, and answers 1.
 *   handle_notice send CLASS      Creates a section, and puts a handle into the window's process.
 *                                 Sends the notice.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define HANDLE_NOTICE 0x43504957

struct notice {
    uint32_t magic;
    uint16_t version;
    uint16_t place;
    uint32_t pid;
    uint32_t rights;
    uint64_t handle;
    uint64_t byte_length;
    uint64_t tag;
};

static LRESULT take(const COPYDATASTRUCT *data) {
    const struct notice *notice = data->lpData;
    if (data->dwData != HANDLE_NOTICE || data->cbData != sizeof *notice) return 0;
    if (notice->magic != HANDLE_NOTICE || notice->version != 1 || notice->place != 1) return 0;
    HANDLE section = (HANDLE)(ULONG_PTR)notice->handle;
    unsigned char *view = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (!view) return 0;
    view[0]++;
    printf("%llu %llu %u\n", (unsigned long long)notice->tag,
           (unsigned long long)notice->byte_length, view[0]);
    fflush(stdout);
    UnmapViewOfFile(view);
    CloseHandle(section);
    return 1;
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    if (message == WM_COPYDATA) return take((const COPYDATASTRUCT *)lparam);
    return DefWindowProcA(window, message, wparam, lparam);
}

static HWND create(const char *name) {
    WNDCLASSEXA type = {.cbSize = sizeof type, .lpfnWndProc = procedure, .lpszClassName = name};
    RegisterClassExA(&type);
    return CreateWindowExA(0, name, "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
}

static int give(const char *name) {
    HWND from = create("winipc-notice-sender");
    HWND target = FindWindowExA(HWND_MESSAGE, NULL, name, NULL);
    DWORD pid = 0;
    GetWindowThreadProcessId(target, &pid);
    HANDLE process = OpenProcess(PROCESS_DUP_HANDLE, FALSE, pid);
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 5000, NULL);
    unsigned char *view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    HANDLE theirs = NULL;
    if (!process || !view) return 1;
    view[0] = 20;
    DWORD rights = FILE_MAP_READ | FILE_MAP_WRITE | SECTION_QUERY;
    DuplicateHandle(GetCurrentProcess(), section, process, &theirs, rights, FALSE, 0);
    struct notice notice = {HANDLE_NOTICE, 1,    1,  GetCurrentProcessId(), rights,
                            (uint64_t)(ULONG_PTR)theirs, 5000, 99};
    COPYDATASTRUCT data = {HANDLE_NOTICE, sizeof notice, &notice};
    LRESULT answer = SendMessageA(target, WM_COPYDATA, (WPARAM)from, (LPARAM)&data);
    printf("%lld %u\n", (long long)answer, view[0]);
    return 0;
}

int main(int count, char **words) {
    if (count < 3) return 2;
    if (strcmp(words[1], "send") == 0) return give(words[2]);
    if (!create(words[2])) return 1;
    puts("ready");
    fflush(stdout);
    MSG message;
    while (GetMessageA(&message, NULL, 0, 0) > 0) DispatchMessageA(&message);
    return 0;
}
