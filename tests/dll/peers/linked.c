/*
 * Prints and then changes the variables of a DLL. The program is linked to the DLL, and includes the
 * header that declares its variables.
 */
#include <stdio.h>
#include <string.h>

#include "shared.h"

int main(void) {
    printf("%d %.1f %s %u,%u\n", (int)counter, ratio, name, points[1].x, points[1].y);
    counter++;
    ratio = 2.5;
    strcpy(name, "linked");
    points[1].x = 300;
    return 0;
}
