/*
 * Slots in a mapped file.
 */
#ifndef FILE_H
#define FILE_H

#include "slot.h"

static HANDLE shared_file;

/* The far end creates the file, and the file is deleted when both ends have closed it. */
static void open_file(const char *name) {
    char path[MAX_PATH];
    DWORD flags = is_near ? 0 : FILE_FLAG_DELETE_ON_CLOSE;
    shared_file = CreateFileA(temp_path(path, name), GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                              is_near ? OPEN_EXISTING : CREATE_NEW,
                              FILE_ATTRIBUTE_TEMPORARY | flags, NULL);
    if (shared_file == INVALID_HANDLE_VALUE) fail_of("CreateFileA");
    use_slots((slot *)map_section(CreateFileMappingA(shared_file, NULL, PAGE_READWRITE, 0,
                                                     2 * sizeof(slot), NULL)));
}

#endif
