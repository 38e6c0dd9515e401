/*
 * Writes a struct with pointers, handles and sizes into shared memory, as a program writes its own
 * structs.
 *
 *   pointers NAME
 *
 * Prints "ready", and then the size of the struct, the offset of each field and the address of the
 * memory. For each line it prints the count, which other programs can change.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

struct node {
    char kind;
    struct node *next;
    uint16_t flags;
    HANDLE handle;
    double value;
    size_t size;
    uint32_t count;
    void *list[3];
    char last;
};

#define SAY(field) printf(" %u", (unsigned)offsetof(struct node, field))

int main(int count, char **words) {
    if (count != 2) return 2;
    HANDLE section = OpenFileMappingA(FILE_MAP_WRITE, FALSE, words[1]);
    struct node *node = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 0) : NULL;
    if (!node) return 1;
    node->kind = 1;
    node->next = node;
    node->flags = 2;
    node->handle = INVALID_HANDLE_VALUE;
    node->value = 1.5;
    node->size = SIZE_MAX;
    node->count = 3;
    for (int i = 0; i < 3; i++) node->list[i] = (char *)node + i;
    node->last = 4;
    printf("ready\n%u", (unsigned)sizeof *node);
    SAY(kind);
    SAY(next);
    SAY(flags);
    SAY(handle);
    SAY(value);
    SAY(size);
    SAY(count);
    SAY(list);
    SAY(last);
    printf(" %llu\n", (unsigned long long)(ULONG_PTR)node);
    fflush(stdout);
    char line[16];
    while (fgets(line, sizeof line, stdin)) {
        printf("%u\n", (unsigned)*(volatile uint32_t *)&node->count);
        fflush(stdout);
    }
    return 0;
}
