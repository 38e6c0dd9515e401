/*
 * Memory and events that both ends open by the same name, and words of such memory.
 */
#ifndef SHARED_H
#define SHARED_H

#include "way.h"

/* Loads a word, and then everything that was stored before it. */
static inline uint32_t load(const volatile uint32_t *word) {
#ifdef _MSC_VER
    return (uint32_t)ReadAcquire((const volatile LONG *)word);
#else
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
#endif
}

/* Stores a word after everything that was stored before. */
static inline void store(volatile uint32_t *word, uint32_t value) {
#ifdef _MSC_VER
    WriteRelease((volatile LONG *)word, (LONG)value);
#else
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
#endif
}

/* Maps a section. The process keeps it mapped until it ends. */
static inline void *map_section(HANDLE section) {
    void *view = section == NULL ? NULL : MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0);
    if (view == NULL) fail_of("Mapping memory");
    return view;
}

/* Maps memory with a name. New memory holds zeros. */
static inline void *map_memory(const char *name, uint32_t size) {
    return map_section(
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, size, name));
}

/* Opens an auto-reset event with a name of two parts. */
static inline HANDLE open_event(const char *name, const char *suffix, int is_set) {
    char text[MAX_PATH];
    snprintf(text, sizeof text, "%s-%s", name, suffix);
    HANDLE event = CreateEventA(NULL, FALSE, is_set, text);
    if (event == NULL) fail_of("CreateEventA");
    return event;
}

static inline void wait_for(HANDLE object) {
    if (WaitForSingleObject(object, PATIENCE) != WAIT_OBJECT_0) fail("The peer does not answer");
}

/*
 * Gets the folder for files that both ends share, into room for MAX_PATH characters. The harness
 * names the folder and removes it afterwards, because an end that is killed leaves its files.
 */
static inline void shared_folder(char *folder) {
    DWORD length = GetEnvironmentVariableA("WINIPC_COMPARE_FOLDER", folder, MAX_PATH);
    if (length == 0) length = GetTempPathA(MAX_PATH, folder);
    if (length == 0 || length >= MAX_PATH) fail("There is no folder for files");
}

/* Returns the path of a file that both ends share. `path` has room for MAX_PATH characters. */
static inline const char *temp_path(char *path, const char *name) {
    char folder[MAX_PATH];
    shared_folder(folder);
    int length = snprintf(path, MAX_PATH, "%s\\winipc-compare-%s", folder, name);
    if (length < 0 || length >= MAX_PATH) fail("The path of the folder for files is too long");
    return path;
}

/* The link holds nothing that the end of the process does not close. */
static inline void close_nothing(void) {}

#endif
