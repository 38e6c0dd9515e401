/*
 * WM_COPYDATA between two windows that only receive messages. Each end copies the frames that come,
 * and keeps the copies until it receives them.
 */
#ifndef COPY_DATA_H
#define COPY_DATA_H

#include "shared.h"

/* A frame that came and was not received yet. */
typedef struct queued {
    struct queued *next;
    uint32_t length;
    uint8_t bytes[1];
} queued;

static HWND window_own, window_peer;
static queued *queue_first, *queue_last;
/* The frame that the link has returned. */
static queued *queue_held;

static LRESULT CALLBACK window_procedure(HWND window, UINT message, WPARAM sender, LPARAM value) {
    if (message != WM_COPYDATA) return DefWindowProcA(window, message, sender, value);
    const COPYDATASTRUCT *data = (const COPYDATASTRUCT *)value;
    queued *copy = (queued *)malloc(sizeof(queued) + data->cbData);
    if (copy == NULL) return FALSE;
    copy->next = NULL;
    copy->length = data->cbData;
    memcpy(copy->bytes, data->lpData, data->cbData);
    if (queue_first == NULL) queue_first = copy;
    else queue_last->next = copy;
    queue_last = copy;
    window_peer = (HWND)sender;
    return TRUE;
}

/* The near end finds the window of the far end. The far end learns the near end's by a message. */
static void open_copy_data(const char *name) {
    WNDCLASSA type = {0};
    char class_name[MAX_PATH];
    snprintf(class_name, sizeof class_name, "%s-%s", name, is_near ? "near" : "far");
    type.lpfnWndProc = window_procedure;
    type.lpszClassName = class_name;
    if (!RegisterClassA(&type)) fail_of("RegisterClassA");
    window_own = CreateWindowA(class_name, "", 0, 0, 0, 0, 0, HWND_MESSAGE, NULL, NULL, NULL);
    if (window_own == NULL) fail_of("CreateWindowA");
    if (!is_near) return;
    snprintf(class_name, sizeof class_name, "%s-far", name);
    window_peer = FindWindowExA(HWND_MESSAGE, NULL, class_name, NULL);
    if (window_peer == NULL) fail_of("FindWindowExA");
}

static void send_copy_data(const void *frame, uint32_t length) {
    COPYDATASTRUCT data = {0, length, (void *)frame};
    DWORD_PTR answer = FALSE;
    if (!SendMessageTimeoutA(window_peer, WM_COPYDATA, (WPARAM)window_own, (LPARAM)&data,
                             SMTO_NORMAL, PATIENCE, &answer) ||
        answer != TRUE)
        fail_of("SendMessageTimeoutA");
}

static const uint8_t *receive_copy_data(uint32_t length) {
    free(queue_held);
    while (queue_first == NULL) {
        MSG message;
        MsgWaitForMultipleObjects(0, NULL, FALSE, PATIENCE, QS_SENDMESSAGE);
        /* Calls the window procedure for each message that was sent. */
        PeekMessageA(&message, NULL, 0, 0, PM_NOREMOVE | PM_QS_SENDMESSAGE);
    }
    queue_held = queue_first;
    queue_first = queue_held->next;
    if (queue_held->length != length)
        fail("Expected %u bytes, got %u", (unsigned)length, (unsigned)queue_held->length);
    return queue_held->bytes;
}

static void close_copy_data(void) { DestroyWindow(window_own); }

#endif
