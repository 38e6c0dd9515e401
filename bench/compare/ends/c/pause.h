/*
 * Pauses of a millisecond. A Sleep(1) can last 15.6 ms on Windows, which is a tick of its clock. A
 * high-resolution timer, from Windows 10 version 1803 on, does not wait for a tick.
 */
#ifndef PAUSE_H
#define PAUSE_H

#include "way.h"

/* Older headers do not have this. */
#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x2
#endif

/* A millisecond in units of 100 ns. A negative time counts from now. */
#define MILLISECOND (-10000)

/* Returns a timer, or NULL if the system has none of a high resolution. */
static HANDLE create_timer(void) {
    return CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION,
                                  SYNCHRONIZE | TIMER_MODIFY_STATE);
}

static void pause_1_ms(HANDLE timer) {
    LARGE_INTEGER due;
    due.QuadPart = MILLISECOND;
    if (timer != NULL && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE))
        WaitForSingleObject(timer, PATIENCE);
    else
        Sleep(1);
}

#endif
