/*
 * The shared part of the programs in this folder. Each program prints "ready", reads orders from
 * its standard input, and prints one line for each order. An order is a line with a word and its
 * arguments, with a space between them. The order "exit" and the end of the input end the program.
 * A program that the test gives an unknown order ends with 2.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* The longest order has 64 KiB in hex. An answer shows 64 bytes in hex. */
enum { MAX_LINE = 1 << 18, MAX_WORDS = 4, MAX_SHOWN = 64 };

typedef struct bytes {
    unsigned char *data;
    DWORD length;
} bytes;

static char *words[MAX_WORDS];

/* Prints a line. */
static inline void answer(const char *format, ...) {
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    fflush(stdout);
}

/* Returns the error of a call, or 0 if the call succeeded. */
static inline DWORD error_of(BOOL done) { return done ? 0 : GetLastError(); }

/* Prints an error and ends the program, before it is ready. */
static inline void refuse(DWORD error) {
    answer("error %lu", error);
    exit(1);
}

/* Reads the next order into the words. Returns whether there is one. */
static inline int next_order(void) {
    static char line[MAX_LINE];
    if (!fgets(line, sizeof line, stdin)) return 0;
    char *word = strtok(line, " \r\n");
    for (int i = 0; i < MAX_WORDS; i++) {
        words[i] = word ? word : "";
        if (word) word = strtok(NULL, " \r\n");
    }
    return strcmp(words[0], "exit") != 0;
}

static inline int is_order(const char *order) { return strcmp(words[0], order) == 0; }

/* Ends the program, because a test wrote an order that does not exist. */
static inline void fail_on_order(void) {
    fprintf(stderr, "There is no order \"%s\"\n", words[0]);
    exit(2);
}

static inline DWORD number_at(int index) { return (DWORD)strtoul(words[index], NULL, 10); }

static inline bytes allocate(DWORD length) {
    // One byte more, because an allocation of 0 bytes can return NULL.
    bytes made = {malloc((size_t)length + 1), length};
    if (!made.data) exit(3);
    return made;
}

/* Returns the bytes of "fill LENGTH BYTE", of "empty", or of the hex in the first argument. */
static inline bytes bytes_of_order(void) {
    if (is_order("fill")) {
        bytes same = allocate(number_at(1));
        memset(same.data, (int)number_at(2), same.length);
        return same;
    }
    bytes made = allocate((DWORD)strlen(words[1]) / 2);
    for (DWORD i = 0; i < made.length; i++) {
        unsigned value = 0;
        if (sscanf(words[1] + 2 * i, "%2x", &value) != 1) fail_on_order();
        made.data[i] = (unsigned char)value;
    }
    return made;
}

/*
 * Prints "read LENGTH ERROR CHECKSUM HEX", and frees the bytes. The checksum begins at 0 and
 * becomes 31 * CHECKSUM + BYTE, modulo 2^32, for each byte. HEX has the first 64 bytes, and is
 * missing if there are none.
 */
static inline void answer_read(bytes read, DWORD error) {
    uint32_t checksum = 0;
    for (DWORD i = 0; i < read.length; i++) checksum = checksum * 31 + read.data[i];
    char hex[2 * MAX_SHOWN + 2] = "";
    for (DWORD i = 0; i < read.length && i < MAX_SHOWN; i++)
        sprintf(hex + strlen(hex), "%s%02x", i ? "" : " ", read.data[i]);
    free(read.data);
    answer("read %lu %lu %lu%s", read.length, error, (unsigned long)checksum, hex);
}
