/*
 * Takes the memory that it inherited under the key "numbers", and adds one to its first byte. Uses
 * only Win32.
 */
#include <stdio.h>
#include <windows.h>

int main(void) {
    char text[128];
    unsigned long long handle, bytes;
    char access[16];
    if (!GetEnvironmentVariableA("WINIPC_INHERIT_numbers", text, sizeof text)) return 1;
    if (sscanf(text, "%llu section %llu %15s", &handle, &bytes, access) != 3) return 2;
    HANDLE section = (HANDLE)(ULONG_PTR)handle;
    unsigned char *view = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0);
    if (!view) return 3;
    view[0]++;
    printf("%llu %s %u\n", bytes, access, view[0]);
    UnmapViewOfFile(view);
    CloseHandle(section);
    return 0;
}
