/*
 * Runs a command line on a console without a window, and passes on what the command writes there.
 *
 *     terminal.exe COLUMNS ROWS COMMAND LINE
 *
 * The command sees a terminal of this size. Each character that it writes goes to this program's
 * standard output as UTF-8, escape codes included: the console stores characters and does not obey
 * them, because its mode lacks ENABLE_PROCESSED_OUTPUT. (Wine's console obeys no escape codes in
 * any mode.) The bytes of the standard input are keys: 3 is Ctrl-C, 28 is Ctrl-Break, and a line
 * that begins with 24 has the new number of columns and rows. At the end of the standard input, this program ends the
 * command. The exit code is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

/* The size of the console's memory, in cells. A command that writes more is stopped. */
#define BUFFER_COLUMNS 250
#define BUFFER_ROWS 4000
#define POLL_MILLISECONDS 5
#define CTRL_C 3
#define RESIZE 24
#define CTRL_BREAK 28
/* The exit code if the terminal itself fails. */
#define BROKEN 99

static HANDLE keyboard, screen, command;

static int fail(const char *what) {
    fprintf(stderr, "terminal.exe: %s failed: %lu\n", what, GetLastError());
    ExitProcess(BROKEN);
}

/* Returns the rest of a command line after some words. */
static wchar_t *after_words(wchar_t *line, int words) {
    for (; words > 0; words--) {
        BOOL quoted = FALSE;
        for (; *line && (quoted || *line != L' '); line++) quoted ^= *line == L'"';
        while (*line == L' ') line++;
    }
    return line;
}

static HANDLE open_console(const wchar_t *name) {
    SECURITY_ATTRIBUTES inheritable = {sizeof inheritable, NULL, TRUE};
    HANDLE handle = CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE, &inheritable, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) fail("CreateFileW");
    return handle;
}

/* Starts a process with these standard handles. */
static HANDLE start(wchar_t *line, DWORD flags, HANDLE in, HANDLE out, HANDLE err) {
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    startup.hStdInput = in, startup.hStdOutput = out, startup.hStdError = err;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, &startup, &process)) fail("CreateProcessW");
    CloseHandle(process.hThread);
    return process.hProcess;
}

static void set_size(int columns, int rows) {
    SMALL_RECT window = {0, 0, (SHORT)(columns - 1), (SHORT)(rows - 1)};
    if (!SetConsoleWindowInfo(screen, TRUE, &window)) fail("SetConsoleWindowInfo");
}

static void press(wchar_t character) {
    INPUT_RECORD keys[2] = {{.EventType = KEY_EVENT}, {.EventType = KEY_EVENT}};
    DWORD written;
    for (int up = 0; up < 2; up++) {
        keys[up].Event.KeyEvent.bKeyDown = !up;
        keys[up].Event.KeyEvent.wRepeatCount = 1;
        keys[up].Event.KeyEvent.uChar.UnicodeChar = character;
    }
    WriteConsoleInputW(keyboard, keys, 2, &written);
}

static DWORD WINAPI read_keys(void *unused) {
    int byte, columns, rows;
    (void)unused;
    while ((byte = getchar()) != EOF) {
        if (byte == CTRL_C) GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
        else if (byte == CTRL_BREAK) GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0);
        else if (byte != RESIZE) press((wchar_t)byte);
        else if (scanf("%d %d", &columns, &rows) == 2 && getchar() == '\n') set_size(columns, rows);
    }
    TerminateProcess(command, BROKEN);
    return 0;
}

/* Ctrl-C and Ctrl-Break are for the command. A NULL handler would make the command ignore Ctrl-C too. */
static BOOL WINAPI ignore(DWORD event) { return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT; }

static DWORD read_cells(wchar_t *cells, DWORD count, COORD from) {
    if (!ReadConsoleOutputCharacterW(screen, cells, count, from, &count)) fail("ReadConsoleOutputCharacterW");
    return count;
}

/* Passes on the characters that were written since the last call. */
static void pass_on(void) {
    static DWORD seen;
    static wchar_t cells[BUFFER_COLUMNS];
    static char bytes[BUFFER_COLUMNS * 3];
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(screen, &info)) fail("GetConsoleScreenBufferInfo");
    DWORD end = info.dwCursorPosition.Y * BUFFER_COLUMNS + info.dwCursorPosition.X;
    /* After a character in the last column, the cursor stays there until the next character comes. */
    if (info.dwCursorPosition.X == BUFFER_COLUMNS - 1 && read_cells(cells, 1, info.dwCursorPosition) && cells[0] != L' ') end++;
    while (seen < end) {
        COORD from = {(SHORT)(seen % BUFFER_COLUMNS), (SHORT)(seen / BUFFER_COLUMNS)};
        DWORD count = BUFFER_COLUMNS - from.X < (SHORT)(end - seen) || end - seen > BUFFER_COLUMNS
            ? (DWORD)(BUFFER_COLUMNS - from.X) : end - seen;
        count = read_cells(cells, count, from);
        int length = WideCharToMultiByte(CP_UTF8, 0, cells, (int)count, bytes, sizeof bytes, NULL, NULL);
        fwrite(bytes, 1, (size_t)length, stdout);
        seen += count;
    }
    fflush(stdout);
    if (info.dwCursorPosition.Y >= BUFFER_ROWS - 1) fail("The command wrote more than the console stores, which");
}

static DWORD run(int columns, int rows, wchar_t *line) {
    COORD size = {BUFFER_COLUMNS, BUFFER_ROWS};
    DWORD code;
    keyboard = open_console(L"CONIN$");
    screen = open_console(L"CONOUT$");
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!SetConsoleScreenBufferSize(screen, size)) fail("SetConsoleScreenBufferSize");
    if (!SetConsoleMode(screen, ENABLE_WRAP_AT_EOL_OUTPUT)) fail("SetConsoleMode");
    set_size(columns, rows);
    command = start(line, 0, keyboard, screen, screen);
    CreateThread(NULL, 0, read_keys, NULL, 0, NULL);
    while (WaitForSingleObject(command, POLL_MILLISECONDS) == WAIT_TIMEOUT) pass_on();
    pass_on();
    if (!GetExitCodeProcess(command, &code)) fail("GetExitCodeProcess");
    return code;
}

int main(int count, char **words) {
    DWORD code;
    if (count < 4) return BROKEN;
    if (words[1][0] == '-') ExitProcess(run(atoi(words[1] + 1), atoi(words[2]), after_words(GetCommandLineW(), 3)));
    /* This process may have a console with a window, or none. So another one gets a new console. */
    wchar_t *rest = after_words(GetCommandLineW(), 1);
    wchar_t path[MAX_PATH], *line = malloc((wcslen(rest) + MAX_PATH + 8) * sizeof *line);
    GetModuleFileNameW(NULL, path, MAX_PATH);
    swprintf(line, wcslen(rest) + MAX_PATH + 8, L"\"%ls\" -%ls", path, rest);
    HANDLE terminal = start(line, CREATE_NO_WINDOW, GetStdHandle(STD_INPUT_HANDLE),
                            GetStdHandle(STD_OUTPUT_HANDLE), GetStdHandle(STD_ERROR_HANDLE));
    WaitForSingleObject(terminal, INFINITE);
    if (!GetExitCodeProcess(terminal, &code)) fail("GetExitCodeProcess");
    return (int)code;
}
