/*
 * An editor with a remote protocol, such as Vim on Windows, and a client.
 *
 *   editor server CLASS   opens a hidden top-level window of that class, and prints "ready"
 *   editor client CLASS   prints "ready"; sends each line of its input as an expression to the
 *                         window of that class, and prints "ANSWER MILLISECONDS RESULT"
 *
 * The client sends an expression by WM_COPYDATA, and blocks. Inside that call the server sends the
 * result by a WM_COPYDATA to the window that the expression names as its sender. Then the server
 * answers the expression. Before the result, the server can send a question. The client sends its
 * answer by a WM_COPYDATA inside the question's call, and then answers the question.
 *
 * Texts are ANSI and end with a NUL. The server's result of an expression:
 *   upper TEXT   the text in capitals
 *   ask N        1 if N is 0; otherwise the client's answer to the question N, plus 1
 *
 * The client of this program answers the question N with N * 10. Another client can ask the server
 * for "ask N - 1" before it answers.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* The numbers that identify the kinds of data. Vim uses 10 and 11. */
enum { EXPRESSION = 10, RESULT = 11, QUESTION = 30, ANSWER = 31 };
enum { TIMEOUT = 20000, ROOM = 256 };

static char last_result[ROOM], last_answer[ROOM];

static LRESULT send_text(HWND from, HWND to, ULONG_PTR id, const char *text) {
    COPYDATASTRUCT data = {.dwData = id, .cbData = (DWORD)strlen(text) + 1, .lpData = (void *)text};
    DWORD_PTR answer = 0;
    if (!SendMessageTimeoutW(to, WM_COPYDATA, (WPARAM)from, (LPARAM)&data, 0, TIMEOUT, &answer))
        return -1;
    return (LRESULT)answer;
}

static LRESULT evaluate(HWND window, HWND client, const char *text) {
    char result[ROOM] = "none", question[ROOM];
    if (strncmp(text, "upper ", 6) == 0) {
        strncpy(result, text + 6, ROOM - 1);
        for (char *at = result; *at; at++) *at = (char)toupper((unsigned char)*at);
    } else if (strncmp(text, "ask ", 4) == 0) {
        int number = atoi(text + 4);
        if (number > 0) {
            snprintf(question, sizeof question, "%d", number);
            strcpy(last_answer, "-1000");
            if (send_text(window, client, QUESTION, question) != 1) return 0;
            number = atoi(last_answer);
        }
        snprintf(result, sizeof result, "%d", number + 1);
    }
    return send_text(window, client, RESULT, result) == 1;
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM wparam, LPARAM lparam) {
    if (message != WM_COPYDATA) return DefWindowProcW(window, message, wparam, lparam);
    const COPYDATASTRUCT *data = (const COPYDATASTRUCT *)lparam;
    char text[ROOM] = "", answer[ROOM];
    if (data->lpData != NULL && data->cbData < ROOM) memcpy(text, data->lpData, data->cbData);
    switch (data->dwData) {
    case EXPRESSION:
        return evaluate(window, (HWND)wparam, text);
    case QUESTION:
        snprintf(answer, sizeof answer, "%d", atoi(text) * 10);
        return send_text(window, (HWND)wparam, ANSWER, answer) == 1;
    case RESULT:
        strcpy(last_result, text);
        return 1;
    case ANSWER:
        strcpy(last_answer, text);
        return 1;
    }
    return 0;
}

static HWND make_window(const wchar_t *class) {
    WNDCLASSEXW type = {.cbSize = sizeof type, .lpfnWndProc = procedure, .lpszClassName = class};
    RegisterClassExW(&type);
    return CreateWindowExW(0, class, L"", 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL);
}

static void greet(void) {
    puts("ready");
    fflush(stdout);
}

static int serve(const wchar_t *class) {
    if (make_window(class) == NULL) return 1;
    greet();
    MSG message;
    while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
    return 0;
}

static int ask(const wchar_t *class) {
    char line[ROOM];
    HWND window = make_window(L"client"), server = FindWindowW(class, NULL);
    if (window == NULL || server == NULL) return 1;
    greet();
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = 0;
        strcpy(last_result, "none");
        ULONGLONG begun = GetTickCount64();
        LRESULT answer = send_text(window, server, EXPRESSION, line);
        printf("%lld %llu %s\n", (long long)answer, GetTickCount64() - begun, last_result);
        fflush(stdout);
    }
    return 0;
}

int main(void) {
    int count = 0;
    wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &count);
    if (count < 3) return 2;
    return wcscmp(words[1], L"server") == 0 ? serve(words[2]) : ask(words[2]);
}
