/*
 * Changes the struct of examples/mutex.ts, under its mutex.
 *
 *   guarded MEMORY MUTEX WHO TIMES
 *
 * Prints "ready", begins when a line comes, and prints "done" or the failure.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ledger.h"

#include <windows.h>

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    HANDLE section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, argv[1]);
    HANDLE mutex = OpenMutexA(SYNCHRONIZE, FALSE, argv[2]);
    Ledger *ledger = section ? MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0) : NULL;
    int who = atoi(argv[3]);
    puts(mutex && ledger ? "ready" : "not there");
    fflush(stdout);
    if (!mutex || !ledger || getchar() == EOF) return 1;
    for (int times = atoi(argv[4]); times > 0; times--) {
        if (WaitForSingleObject(mutex, 60000) != WAIT_OBJECT_0) return 1;
        if (ledger->version != ledger->changes[0] + ledger->changes[1] + ledger->changes[2]) {
            puts("another program changed the struct");
            return 1;
        }
        ledger->changes[who]++;
        swprintf(ledger->writer, 32, L"C %lu", GetCurrentProcessId());
        if (times % 16 == 0) SwitchToThread();
        ledger->version++;
        ReleaseMutex(mutex);
    }
    puts("done");
    return 0;
}
