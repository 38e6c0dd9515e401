/*
 * Loads a DLL and uses an int that the DLL exports.
 *
 *   shared_variable DLL NAME
 *
 * Prints "ready". For each line "add N" it adds 1 to the int N times. It answers each line with the
 * int's value.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    HMODULE module = LoadLibraryA(argv[1]);
    volatile LONG *variable = module ? (void *)GetProcAddress(module, argv[2]) : NULL;
    printf(variable ? "ready\n" : "error %lu\n", GetLastError());
    fflush(stdout);
    char line[64];
    while (variable && fgets(line, sizeof line, stdin)) {
        if (strncmp(line, "add ", 4) == 0) {
            for (long times = atol(line + 4); times > 0; times--) InterlockedIncrement(variable);
        }
        printf("%ld\n", *variable);
        fflush(stdout);
    }
    return 0;
}
