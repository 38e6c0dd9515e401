/*
 * Uses the locks of a State, as end.ts does, with the header of State.toC(). Argument: the name of
 * the memory. The answers of "count" and "write" have the number of abandoned locks. "half" stops
 * in the middle of taking the lock.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "state.h"

C_ASSERT(sizeof(State) == STATE_LENGTH);

int main(int count, char **words) {
    char line[100], name[300];
    int place = -1;
    if (count < 2) return 2;
    snprintf(name, sizeof name, "Local\\%s", words[1]);
    HANDLE section = OpenFileMappingA(FILE_MAP_WRITE | FILE_MAP_READ, FALSE, name);
    State *state = MapViewOfFile(section, FILE_MAP_WRITE | FILE_MAP_READ, 0, 0, sizeof(State));
    if (state == NULL) return 1;
    setvbuf(stdout, NULL, _IONBF, 0);
    puts("ready");
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = strchr(line, ' ');
        int times = rest == NULL ? 0 : atoi(rest);
        int abandoned = 0, torn = 0;
        DWORD taken = WAIT_OBJECT_0;
        if (strncmp(line, "count", 5) == 0) {
            for (int i = 0; i < times && taken != WAIT_TIMEOUT; i++) {
                taken = winipc_lock_acquire(&state->lock, 60000);
                if (taken == WAIT_TIMEOUT) break;
                if (taken == WAIT_ABANDONED) abandoned++;
                state->count++;
                winipc_lock_release(&state->lock);
            }
            printf("counted %d\n", taken == WAIT_TIMEOUT ? -1 : abandoned);
        } else if (strncmp(line, "write", 5) == 0) {
            for (int i = 0; i < times && taken != WAIT_TIMEOUT; i++) {
                taken = winipc_rwlock_write(&state->pair, 60000);
                if (taken == WAIT_TIMEOUT) break;
                if (taken == WAIT_ABANDONED) abandoned++;
                state->first++;
                state->second++;
                winipc_rwlock_end_write(&state->pair);
            }
            printf("counted %d\n", taken == WAIT_TIMEOUT ? -1 : abandoned);
        } else if (strncmp(line, "read", 4) == 0) {
            for (int i = 0; i < times && taken != WAIT_TIMEOUT; i++) {
                taken = winipc_rwlock_read(&state->pair, 60000, &place);
                if (taken == WAIT_TIMEOUT) break;
                if (*(volatile uint32_t *)&state->first != *(volatile uint32_t *)&state->second) torn++;
                winipc_rwlock_end_read(&state->pair, place);
            }
            printf("torn %d\n", taken == WAIT_TIMEOUT ? -1 : torn);
        } else if (strncmp(line, "hold-read", 9) == 0) {
            taken = winipc_rwlock_read(&state->pair, 60000, &place);
            puts(taken == WAIT_OBJECT_0 ? "held" : "not held");
        } else if (strncmp(line, "hold-write", 10) == 0) {
            taken = winipc_rwlock_write(&state->pair, 60000);
            puts(taken == WAIT_OBJECT_0 ? "held" : "not held");
        } else if (strncmp(line, "half", 4) == 0) {
            LONG id = (LONG)GetCurrentProcessId();
            puts(InterlockedCompareExchange(&state->lock.holder, id, 0) == 0 ? "held" : "not held");
        } else if (strncmp(line, "hold", 4) == 0) {
            taken = winipc_lock_acquire(&state->lock, 60000);
            puts(taken == WAIT_OBJECT_0 ? "held" : "not held");
        } else if (strncmp(line, "try", 3) == 0) {
            puts(winipc_lock_try(&state->lock) == WAIT_TIMEOUT ? "held" : "free");
        } else {
            winipc_lock_release(&state->lock);
            puts("released");
        }
    }
    return 0;
}
