/*
 * A DLL with a shared section whose name is longer than 8 bytes.
 */
#ifdef _MSC_VER
#pragma section(".HOOKDATA", read, write, shared)
#define SHARED __declspec(allocate(".HOOKDATA"))
#elif defined(__clang__)
#pragma comment(linker, "/SECTION:.HOOKDATA,RWS")
#define SHARED __attribute__((section(".HOOKDATA")))
#else
#define SHARED __attribute__((section(".HOOKDATA"), shared))
#endif

__declspec(dllexport) SHARED int hook = 7;
