/*
 * The layout of a slot in shared memory, which the programs and the DLL share.
 */
#ifndef SLOTS_H
#define SLOTS_H

#include <stdint.h>

typedef struct slot {
    volatile uint32_t is_filled;
    uint32_t space[15];
    uint8_t bytes[1u << 20];
} slot;

#endif
