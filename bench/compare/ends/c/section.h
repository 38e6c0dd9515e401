/*
 * Slots in the shared section of a DLL, which is beside the program. The file of the program's
 * folder is the same for all pairs, so only one pair can run at a time.
 */
#ifndef SECTION_H
#define SECTION_H

#include "slot.h"

#define SECTION_DLL "shared_section.dll"

static void open_section(const char *name) {
    char path[MAX_PATH];
    (void)name;
    DWORD length = GetModuleFileNameA(NULL, path, sizeof path - sizeof SECTION_DLL);
    while (length > 0 && path[length - 1] != '\\') length--;
    strcpy(path + length, SECTION_DLL);
    HMODULE dll = LoadLibraryA(path);
    slot *slots = dll == NULL ? NULL : (slot *)(void *)GetProcAddress(dll, "slots");
    if (slots == NULL) fail_of("Loading " SECTION_DLL);
    use_slots(slots);
}

#endif
