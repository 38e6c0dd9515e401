/*
 * Keeps kernel objects whose security is a descriptor in SDDL, or opens objects by their Create
 * functions.
 *
 *   rights keep NAME SDDL   creates an event, a semaphore, a mutex and a section (NAME.event, …),
 *                           and prints "ready". For each input line it sets the event and
 *                           releases the semaphore.
 *   rights create NAME      calls the Create function of each kind, and then the Open function with
 *                           all rights. Prints the last errors, in one line for each way.
 */
#include <windows.h>

#include <sddl.h>
#include <stdio.h>
#include <string.h>
#ifdef _MSC_VER
#pragma comment(lib, "advapi32")
#endif

static char name[512];

static const char *named(const char *base, const char *suffix) {
    snprintf(name, sizeof name, "%s.%s", base, suffix);
    return name;
}

static DWORD code(HANDLE object) {
    DWORD error = GetLastError();
    SetLastError(0);
    return object == NULL || error == ERROR_ALREADY_EXISTS ? error : 0;
}

static int create(const char *base) {
    SetLastError(0);
    printf("%lu", code(CreateEventA(NULL, FALSE, FALSE, named(base, "event"))));
    printf(" %lu", code(CreateSemaphoreA(NULL, 0, 5, named(base, "semaphore"))));
    printf(" %lu", code(CreateMutexA(NULL, FALSE, named(base, "mutex"))));
    printf(" %lu\n", code(CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096,
                                             named(base, "section"))));
    printf("%lu", code(OpenEventA(EVENT_ALL_ACCESS, FALSE, named(base, "event"))));
    printf(" %lu", code(OpenSemaphoreA(SEMAPHORE_ALL_ACCESS, FALSE, named(base, "semaphore"))));
    printf(" %lu", code(OpenMutexA(MUTEX_ALL_ACCESS, FALSE, named(base, "mutex"))));
    printf(" %lu\n", code(OpenFileMappingA(SECTION_ALL_ACCESS, FALSE, named(base, "section"))));
    return 0;
}

static int keep(const char *base, const char *sddl) {
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, NULL, FALSE};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(
            sddl, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL)) {
        return 1;
    }
    HANDLE event = CreateEventA(&attributes, FALSE, FALSE, named(base, "event"));
    HANDLE semaphore = CreateSemaphoreA(&attributes, 0, 5, named(base, "semaphore"));
    HANDLE mutex = CreateMutexA(&attributes, FALSE, named(base, "mutex"));
    HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, &attributes, PAGE_READWRITE, 0, 4096,
                                        named(base, "section"));
    if (!event || !semaphore || !mutex || !section) return 1;
    puts("ready");
    fflush(stdout);
    char line[80];
    while (fgets(line, sizeof line, stdin)) {
        SetEvent(event);
        ReleaseSemaphore(semaphore, 1, NULL);
    }
    return 0;
}

int main(int count, char **words) {
    if (count == 3 && strcmp(words[1], "create") == 0) return create(words[2]);
    if (count == 4 && strcmp(words[1], "keep") == 0) return keep(words[2], words[3]);
    return 2;
}
