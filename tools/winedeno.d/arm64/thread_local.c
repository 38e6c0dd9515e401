/*
 * The directory of a program's thread-local variables, by which the loader gives each thread its
 * own copies. MinGW's libraries have the like, and Wine's have not.
 */
#include <windows.h>

/* The linker sorts the parts of a section by their names: the variables are between these two. */
__attribute__((section(".tls"))) char _tls_start;
__attribute__((section(".tls$ZZZ"))) char _tls_end;

/* The loader writes the number of this program's variables here. */
ULONG _tls_index;

static PIMAGE_TLS_CALLBACK callbacks[] = {NULL};

/* The linker looks for this name. */
const IMAGE_TLS_DIRECTORY64 _tls_used = {
    .StartAddressOfRawData = (ULONG_PTR)&_tls_start,
    .EndAddressOfRawData = (ULONG_PTR)&_tls_end,
    .AddressOfIndex = (ULONG_PTR)&_tls_index,
    .AddressOfCallBacks = (ULONG_PTR)callbacks,
};
