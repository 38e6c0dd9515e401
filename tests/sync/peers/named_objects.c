/*
 * Uses named objects by Win32 alone, without winipc. Prints "ready" when it has begun, and at the
 * end "done" or the error.
 *
 *   sync count MUTEX MEMORY READY TIMES   releases the semaphore READY, then adds 1 to the first
 *                                         int32, not atomically, under the mutex
 *   sync hold MUTEX                 takes the mutex and keeps it until it is killed
 *   sync echo FROM TO TIMES         waits for the event FROM and sets the event TO, TIMES times
 *   sync give SEMAPHORE TIMES       releases the semaphore, one at a time
 *   sync take SEMAPHORE TIMES       waits for the semaphore
 *   sync create event|mutex|semaphore NAME   creates an object and keeps it until it is killed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static int fail(const char *what) {
    printf("%s failed with %lu\n", what, GetLastError());
    return 1;
}

static const char *full(const char *name) {
    static char names[2][300];
    static int next;
    char *text = names[next++ % 2];
    snprintf(text, sizeof names[0], "Local\\%s", name);
    return text;
}

static int keep(void) {
    Sleep(60000);
    return 0;
}

int main(int count, char **words) {
    if (count < 3) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *what = words[1];
    if (strcmp(what, "count") == 0) {
        HANDLE mutex = OpenMutexA(SYNCHRONIZE, FALSE, full(words[2]));
        HANDLE section = OpenFileMappingA(FILE_MAP_WRITE, FALSE, full(words[3]));
        HANDLE ready = OpenSemaphoreA(SEMAPHORE_MODIFY_STATE, FALSE, full(words[4]));
        if (!mutex || !section || !ready) return fail("open");
        volatile long *counter = MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 4);
        ReleaseSemaphore(ready, 1, NULL);
        for (int i = atoi(words[5]); i > 0; i--) {
            if (WaitForSingleObject(mutex, 60000) != WAIT_OBJECT_0) return fail("wait");
            long seen = *counter;
            if (i % 16 == 0) SwitchToThread();
            *counter = seen + 1;
            if (!ReleaseMutex(mutex)) return fail("release");
        }
        return 0;
    }
    if (strcmp(what, "hold") == 0) {
        HANDLE mutex = OpenMutexA(SYNCHRONIZE, FALSE, full(words[2]));
        if (!mutex || WaitForSingleObject(mutex, 20000) != WAIT_OBJECT_0) return fail("wait");
        puts("ready");
        return keep();
    }
    if (strcmp(what, "echo") == 0) {
        HANDLE from = OpenEventA(SYNCHRONIZE, FALSE, full(words[2]));
        HANDLE to = OpenEventA(EVENT_MODIFY_STATE, FALSE, full(words[3]));
        if (!from || !to) return fail("open");
        puts("ready");
        for (int i = atoi(words[4]); i > 0; i--) {
            if (WaitForSingleObject(from, 20000) != WAIT_OBJECT_0) return fail("wait");
            SetEvent(to);
        }
        puts("done");
        return 0;
    }
    if (strcmp(what, "give") == 0 || strcmp(what, "take") == 0) {
        int give = what[0] == 'g';
        DWORD rights = give ? SEMAPHORE_MODIFY_STATE : SYNCHRONIZE;
        HANDLE semaphore = OpenSemaphoreA(rights, FALSE, full(words[2]));
        if (!semaphore) return fail("open");
        puts("ready");
        for (int i = atoi(words[3]); i > 0; i--) {
            if (give) {
                if (!ReleaseSemaphore(semaphore, 1, NULL)) return fail("release");
                if (i % 8 == 0) SwitchToThread();
            } else if (WaitForSingleObject(semaphore, 20000) != WAIT_OBJECT_0) {
                return fail("wait");
            }
        }
        puts("done");
        return 0;
    }
    if (strcmp(what, "create") == 0) {
        const char *name = full(words[3]);
        HANDLE made = words[2][0] == 'e'   ? CreateEventA(NULL, FALSE, TRUE, name)
                      : words[2][0] == 'm' ? CreateMutexA(NULL, FALSE, name)
                                           : CreateSemaphoreA(NULL, 1, 1, name);
        if (!made) return fail("create");
        puts("ready");
        return keep();
    }
    return 2;
}
