/*
 * Tries to write to a section through a handle that can only read. The program prints "ready" and
 * reads the handle's value from standard input. Then it prints for each way of access whether it
 * works.
 */
#include <stdio.h>
#include <windows.h>

static void tell(const char *way, BOOL possible) {
    printf("%s=%s ", way, possible ? "yes" : "no");
}

static BOOL can_map(HANDLE section, DWORD access) {
    void *view = section ? MapViewOfFile(section, access, 0, 0, 0) : NULL;
    if (view) UnmapViewOfFile(view);
    return view != NULL;
}

static HANDLE duplicate(HANDLE section, DWORD access) {
    HANDLE copy = NULL;
    HANDLE self = GetCurrentProcess();
    return DuplicateHandle(self, section, self, &copy, access, FALSE, 0) ? copy : NULL;
}

int main(void) {
    puts("ready");
    fflush(stdout);
    unsigned long long value = 0;
    if (scanf("%llu", &value) != 1) return 2;
    HANDLE section = (HANDLE)(ULONG_PTR)value;
    tell("read", can_map(section, FILE_MAP_READ));
    tell("write", can_map(section, FILE_MAP_WRITE));
    tell("all", can_map(section, FILE_MAP_ALL_ACCESS));
    tell("duplicate-write", duplicate(section, FILE_MAP_WRITE | FILE_MAP_READ) != NULL);
    tell("duplicate-all", duplicate(section, SECTION_ALL_ACCESS) != NULL);
    tell("duplicate-generic", duplicate(section, GENERIC_ALL) != NULL);
    tell("duplicate-dac", duplicate(section, WRITE_DAC) != NULL);
    tell("duplicate-owner", duplicate(section, WRITE_OWNER) != NULL);
    void *view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
    DWORD old = 0;
    tell("protect", view && VirtualProtect(view, 1, PAGE_READWRITE, &old));
    SIZE_T written = 0;
    char byte = 1;
    tell("process", view && WriteProcessMemory(GetCurrentProcess(), view, &byte, 1, &written));
    puts("");
    return 0;
}
