/*
 * A DLL with two slots in a section that all its processes share.
 */
#include "slots.h"

#ifdef _MSC_VER
#pragma section("shared", read, write, shared)
#define SHARED __declspec(allocate("shared"))
#elif defined(__clang__)
#pragma comment(linker, "/SECTION:shared,RWS")
#define SHARED __attribute__((section("shared")))
#else
#define SHARED __attribute__((section("shared"), shared))
#endif

/* Only variables with an initial value are put into the section. */
__declspec(dllexport) SHARED slot slots[2] = {{0, {0}, {0}}, {0, {0}, {0}}};
