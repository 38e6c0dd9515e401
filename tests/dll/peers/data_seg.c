/*
 * A DLL with variables that all processes share, and with variables that each process has for
 * itself. (#pragma data_seg alone does not share a variable.)
 */
#ifdef _MSC_VER
#pragma section(".ASHARE", read, write, shared)
#pragma section(".OWN", read, write)
#define SHARED __declspec(allocate(".ASHARE"))
#define OWN __declspec(allocate(".OWN"))
#elif defined(__clang__)
#pragma comment(linker, "/SECTION:.ASHARE,RWS")
#define SHARED __attribute__((section(".ASHARE")))
#else
#define SHARED __attribute__((section(".ASHARE"), shared))
#endif
#ifndef OWN
#define OWN __attribute__((section(".OWN")))
#endif
#define EXPORT __declspec(dllexport)

EXPORT SHARED int iWhatYouUseInTwo = 7;
EXPORT SHARED double ratio = 0.5;
EXPORT SHARED char name[16] = "from C";
EXPORT OWN int ownToEach = 1;
EXPORT int uninitialised;
