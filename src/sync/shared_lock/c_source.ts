/**
 * Locks in C: the types and functions that the C source of a struct with a lock contains.
 *
 * The functions do the same as word.ts and read_write_lock.ts. Change both together.
 *
 * @module
 */

const TEXT = String.raw`/*
 * Locks in shared memory: winipc_lock, and winipc_rwlock for one writer or up to 32 readers. They
 * exclude the scripts, too. Zeroed memory is a free lock.
 *
 *     DWORD taken = winipc_lock_acquire(&state->lock, 5000);
 *     if (taken != WAIT_TIMEOUT) {
 *         if (taken == WAIT_ABANDONED) ... the last holder died: check the data ...
 *         ...
 *         winipc_lock_release(&state->lock);
 *     }
 *
 * The results are those of WaitForSingleObject() for a mutex: WAIT_OBJECT_0, WAIT_ABANDONED (the
 * last holder died; this thread has the lock) and WAIT_TIMEOUT. A timeout is in milliseconds; 0 only
 * tries, and INFINITE waits without a limit. The thread that took a lock must live until the lock is
 * released. A lock is not recursive. After a reader took a winipc_rwlock, it keeps the place:
 *
 *     int place;
 *     DWORD taken = winipc_rwlock_read(&prices->lock, 5000, &place);
 *     if (taken != WAIT_TIMEOUT) { ... winipc_rwlock_end_read(&prices->lock, place); }
 *     taken = winipc_rwlock_write(&prices->lock, 5000);
 *     if (taken != WAIT_TIMEOUT) { ... winipc_rwlock_end_write(&prices->lock); }
 */
#ifndef WINIPC_LOCK_H
#define WINIPC_LOCK_H

#include <stdint.h>
#include <windows.h>
#include <ntsecapi.h> /* for RtlGenRandom() */

#ifdef _MSC_VER
#pragma comment(lib, "advapi32.lib")
#define WINIPC_LOCK_THREAD_LOCAL __declspec(thread)
#else
#define WINIPC_LOCK_THREAD_LOCAL __thread
#endif

#define WINIPC_LOCK_WAITING 1u
#define WINIPC_LOCK_TAKEOVER 2u
#define WINIPC_LOCK_PROCESS (~3u)
#define WINIPC_LOCK_MAX_ATTEMPTS 16
#define WINIPC_LOCK_LOOKS 1000
#define WINIPC_LOCK_MAX_SLEEP 50
#define WINIPC_RWLOCK_MAX_READERS 32

typedef struct winipc_lock {
    volatile LONG holder;
    volatile LONG start;
    volatile LONG thread;
    volatile LONG unused;
    volatile LONG event[4];
} winipc_lock;
C_ASSERT(sizeof(winipc_lock) == 32);

typedef struct winipc_rwlock_place {
    volatile LONG process;
    volatile LONG start;
    volatile LONG thread;
} winipc_rwlock_place;

typedef struct winipc_rwlock {
    winipc_lock gate;
    volatile LONG writing;
    volatile LONG sleeping;
    volatile LONG unused[2];
    winipc_rwlock_place places[WINIPC_RWLOCK_MAX_READERS];
} winipc_rwlock;
C_ASSERT(sizeof(winipc_rwlock) == 432);

/* Interlocked functions are sequentially consistent. So an atomic load is an exchange, too. */
static inline LONG winipc_lock_load(volatile LONG *word) {
    return InterlockedCompareExchange(word, 0, 0);
}

/* Replaces a word, and returns whether it had the expected value. */
static inline int winipc_lock_replace(volatile LONG *word, LONG from, LONG to) {
    return InterlockedCompareExchange(word, to, from) == from;
}

/* Returns the start time of a thread in milliseconds modulo 2^32, or 0 if it is not known. */
static inline LONG winipc_lock_start_of(HANDLE thread) {
    FILETIME created, exited, kernel, user;
    if (!GetThreadTimes(thread, &created, &exited, &kernel, &user)) return 0;
    uint64_t start = (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
    LONG word = (LONG)(uint32_t)(start / 10000);
    return word == 0 ? 1 : word;
}

/* Returns the start time of the calling thread. */
static inline LONG winipc_lock_own_start(void) {
    static WINIPC_LOCK_THREAD_LOCAL LONG start;
    if (start == 0) start = winipc_lock_start_of(GetCurrentThread());
    return start;
}

/* Whether a holder has ended: its thread, or its process if the thread is not known. */
static inline int winipc_lock_has_ended(LONG process, LONG thread, LONG start) {
    HANDLE handle;
    int ended;
    if (((start == 0 ? process : thread) & 3) != 0) return 1;
    handle = start == 0 ? OpenProcess(SYNCHRONIZE, FALSE, (DWORD)process)
                        : OpenThread(SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION, FALSE,
                                     (DWORD)thread);
    if (handle == NULL) {
        if (GetLastError() == ERROR_INVALID_PARAMETER) return 1;
        /* A thread of another user can have the id of a dead thread: then the process decides. */
        return start != 0 && winipc_lock_has_ended(process, thread, 0);
    }
    ended = WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
    if (!ended && start != 0) {
        LONG found = winipc_lock_start_of(handle);
        ended = found != 0 && found != start;
    }
    CloseHandle(handle);
    return ended;
}

/*
 * Writes the name of an event of the lock. The first call chooses its random number. Several threads
 * can choose at the same time: each word keeps its first number.
 */
static inline void winipc_lock_event_name(winipc_lock *lock, const wchar_t *suffix,
                                          wchar_t name[64]) {
    static const wchar_t digits[] = L"0123456789abcdef";
    int length = lstrlenW(lstrcpyW(name, L"Local\\winipc."));
    for (int index = 0; index < 4; index++) {
        if (winipc_lock_load(&lock->event[index]) == 0) {
            LONG chosen = 0;
            if (!RtlGenRandom(&chosen, sizeof chosen) || chosen == 0)
                chosen = (LONG)(GetTickCount() ^ GetCurrentProcessId()) | 1;
            winipc_lock_replace(&lock->event[index], 0, chosen);
        }
        uint32_t word = (uint32_t)winipc_lock_load(&lock->event[index]);
        for (int byte = 0; byte < 4; byte++) {
            name[length++] = digits[word >> (8 * byte + 4) & 15];
            name[length++] = digits[word >> (8 * byte) & 15];
        }
    }
    name[length] = 0;
    lstrcatW(name, suffix);
}

/* Opens an event of the lock, or creates it. Returns NULL if another user has denied it. */
static inline HANDLE winipc_lock_open_event(winipc_lock *lock, const wchar_t *suffix) {
    wchar_t name[64];
    winipc_lock_event_name(lock, suffix, name);
    return CreateEventW(NULL, FALSE, FALSE, name);
}

/* Wakes a thread that waits for an event of the lock. */
static inline void winipc_lock_wake(winipc_lock *lock, const wchar_t *suffix) {
    wchar_t name[64];
    HANDLE event;
    winipc_lock_event_name(lock, suffix, name);
    event = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
    if (event == NULL) return;
    SetEvent(event);
    CloseHandle(event);
}

/* Sleeps until an event is set, for at most WINIPC_LOCK_MAX_SLEEP and the rest of the timeout. */
static inline void winipc_lock_sleep(HANDLE event, DWORD left) {
    if (left > WINIPC_LOCK_MAX_SLEEP) left = WINIPC_LOCK_MAX_SLEEP;
    if (event != NULL) WaitForSingleObject(event, left);
    else Sleep(left);
}

/* Returns the rest of a timeout. */
static inline DWORD winipc_lock_left(ULONGLONG begun, DWORD timeout) {
    ULONGLONG waited = GetTickCount64() - begun;
    if (timeout == INFINITE) return INFINITE;
    return waited >= timeout ? 0 : timeout - (DWORD)waited;
}

/* Returns whether the holder has died. If so, the start time is 0 from then on. */
static inline int winipc_lock_clear_dead(winipc_lock *lock, LONG word) {
    LONG start = winipc_lock_load(&lock->start);
    LONG thread = winipc_lock_load(&lock->thread);
    LONG mask = (LONG)~WINIPC_LOCK_WAITING;
    if ((winipc_lock_load(&lock->holder) & mask) != (word & mask)) return 0;
    if (!winipc_lock_has_ended(word & (LONG)WINIPC_LOCK_PROCESS, thread, start)) return 0;
    /* Only a live thread can have written the words again. */
    if (winipc_lock_load(&lock->start) != start || winipc_lock_load(&lock->thread) != thread ||
        (winipc_lock_load(&lock->holder) & mask) != (word & mask))
        return 0;
    return winipc_lock_replace(&lock->start, start, 0);
}

/* Takes the lock if it is free, or if its holder has died. */
static inline DWORD winipc_lock_take(winipc_lock *lock, LONG waiting) {
    for (int attempt = 0; attempt < WINIPC_LOCK_MAX_ATTEMPTS; attempt++) {
        LONG word = *(volatile LONG *)&lock->holder;
        int is_free = (word & (LONG)WINIPC_LOCK_PROCESS) == 0;
        LONG held;
        if (!is_free && !winipc_lock_clear_dead(lock, word)) return WAIT_TIMEOUT;
        held = (LONG)GetCurrentProcessId() | (word & (LONG)WINIPC_LOCK_TAKEOVER) |
               (word & (LONG)WINIPC_LOCK_WAITING) | waiting;
        if (!is_free) held ^= (LONG)WINIPC_LOCK_TAKEOVER;
        if (!winipc_lock_replace(&lock->holder, word, held)) continue;
        lock->thread = (LONG)GetCurrentThreadId();
        InterlockedExchange(&lock->start, winipc_lock_own_start());
        return is_free ? WAIT_OBJECT_0 : WAIT_ABANDONED;
    }
    return WAIT_TIMEOUT;
}

/* Takes the lock if it is free, or if its holder has died. Otherwise returns WAIT_TIMEOUT. */
static inline DWORD winipc_lock_try(winipc_lock *lock) {
    return winipc_lock_take(lock, 0);
}

/* Releases the lock, which this process holds, and wakes a thread that waits for it. */
static inline void winipc_lock_release(winipc_lock *lock) {
    LONG free = *(volatile LONG *)&lock->holder & (LONG)WINIPC_LOCK_TAKEOVER;
    LONG held = (LONG)GetCurrentProcessId() | free;
    lock->start = 0;
    if (winipc_lock_replace(&lock->holder, held, free)) return;
    if (winipc_lock_replace(&lock->holder, held | (LONG)WINIPC_LOCK_WAITING, free))
        winipc_lock_wake(lock, L".lock");
}

/* Sets the bit for a thread that is about to sleep. Returns whether the lock is still held. */
static inline int winipc_lock_mark_waiting(winipc_lock *lock) {
    LONG word = winipc_lock_load(&lock->holder);
    if ((word & (LONG)WINIPC_LOCK_PROCESS) == 0) return 0;
    if ((word & (LONG)WINIPC_LOCK_WAITING) != 0) return 1;
    return winipc_lock_replace(&lock->holder, word, word | (LONG)WINIPC_LOCK_WAITING);
}

/* Waits for the lock and takes it. Returns WAIT_TIMEOUT if it was not free in time. */
static inline DWORD winipc_lock_acquire(winipc_lock *lock, DWORD timeout) {
    ULONGLONG begun = GetTickCount64();
    DWORD taken;
    HANDLE event;
    if (timeout == 0) return winipc_lock_take(lock, 0);
    for (int look = 0; look < WINIPC_LOCK_LOOKS; look++) {
        LONG word = *(volatile LONG *)&lock->holder;
        if ((word & (LONG)WINIPC_LOCK_PROCESS) == 0) {
            taken = winipc_lock_take(lock, 0);
            if (taken != WAIT_TIMEOUT) return taken;
        }
        YieldProcessor();
    }
    event = winipc_lock_open_event(lock, L".lock");
    for (int attempt = 1;; attempt++) {
        DWORD left;
        taken = winipc_lock_take(lock, (LONG)WINIPC_LOCK_WAITING);
        if (taken != WAIT_TIMEOUT) break;
        left = winipc_lock_left(begun, timeout);
        if (left == 0) {
            /* This thread may have used up a wake-up: it passes the wake-up on. */
            if (!winipc_lock_mark_waiting(lock)) winipc_lock_wake(lock, L".lock");
            break;
        }
        if (!winipc_lock_mark_waiting(lock) && attempt % WINIPC_LOCK_MAX_ATTEMPTS != 0) continue;
        winipc_lock_sleep(event, left);
    }
    if (event != NULL) CloseHandle(event);
    return taken;
}

/* Whether a place has no reader. Frees the place of a reader that has died. */
static inline int winipc_rwlock_is_free(winipc_rwlock_place *place) {
    LONG start = winipc_lock_load(&place->start);
    LONG thread = winipc_lock_load(&place->thread);
    LONG process = winipc_lock_load(&place->process);
    if (process == 0) return 1;
    if (!winipc_lock_has_ended(process, thread, start)) return 0;
    if (winipc_lock_load(&place->start) != start || winipc_lock_load(&place->thread) != thread)
        return 0;
    /* Of several threads, only one frees the place. The others could free that of its next reader. */
    return winipc_lock_replace(&place->start, start, 0) &&
           winipc_lock_replace(&place->process, process, 0);
}

static inline int winipc_rwlock_has_no_readers(winipc_rwlock *lock) {
    for (int index = 0; index < WINIPC_RWLOCK_MAX_READERS; index++)
        if (!winipc_rwlock_is_free(&lock->places[index])) return 0;
    return 1;
}

/* Takes a place. Returns -1 if there is none. */
static inline int winipc_rwlock_take_place(winipc_rwlock *lock) {
    /* In the second half of the attempts, the places of dead readers count as free. */
    for (int attempt = 0; attempt < 2 * WINIPC_RWLOCK_MAX_READERS; attempt++) {
        int index = attempt % WINIPC_RWLOCK_MAX_READERS;
        winipc_rwlock_place *place = &lock->places[index];
        if (place->process != 0 &&
            (attempt < WINIPC_RWLOCK_MAX_READERS || !winipc_rwlock_is_free(place)))
            continue;
        if (!winipc_lock_replace(&place->process, 0, (LONG)GetCurrentProcessId())) continue;
        place->thread = (LONG)GetCurrentThreadId();
        InterlockedExchange(&place->start, winipc_lock_own_start());
        return index;
    }
    return -1;
}

/* Ends the reading of the reader that got this place. */
static inline void winipc_rwlock_end_read(winipc_rwlock *lock, int place) {
    lock->places[place].start = 0;
    winipc_lock_replace(&lock->places[place].process, (LONG)GetCurrentProcessId(), 0);
    if (winipc_lock_load(&lock->sleeping) == 0) return;
    if (InterlockedExchange(&lock->sleeping, 0) != 0) winipc_lock_wake(&lock->gate, L".readers");
}

/* Waits for the gate, and then for a place (wanted) or for the end of all readers (NULL). */
static inline DWORD winipc_rwlock_enter(winipc_rwlock *lock, DWORD timeout, int *wanted) {
    ULONGLONG begun = GetTickCount64();
    DWORD taken = winipc_lock_acquire(&lock->gate, timeout);
    HANDLE event = NULL;
    if (taken == WAIT_TIMEOUT) return taken;
    for (int attempt = 0;; attempt++) {
        DWORD left;
        if (wanted != NULL ? (*wanted = winipc_rwlock_take_place(lock)) >= 0
                           : winipc_rwlock_has_no_readers(lock))
            break;
        left = winipc_lock_left(begun, timeout);
        if (left == 0) {
            taken = WAIT_TIMEOUT;
            break;
        }
        if (event == NULL) event = winipc_lock_open_event(&lock->gate, L".readers");
        /* After this the readers are looked at once more, before the sleep. */
        if (attempt > 0 && winipc_lock_load(&lock->sleeping) != 0) winipc_lock_sleep(event, left);
        InterlockedExchange(&lock->sleeping, 1);
    }
    if (event != NULL) CloseHandle(event);
    if (taken == WAIT_TIMEOUT || wanted != NULL) winipc_lock_release(&lock->gate);
    return taken;
}

/*
 * Takes the lock for reading, and a place for winipc_rwlock_end_read(). Returns WAIT_ABANDONED as
 * long as the data is that of a writer that died.
 */
static inline DWORD winipc_rwlock_read(winipc_rwlock *lock, DWORD timeout, int *place) {
    LONG is_free = (winipc_lock_load(&lock->gate.holder) & (LONG)WINIPC_LOCK_PROCESS) == 0;
    *place = is_free ? winipc_rwlock_take_place(lock) : -1;
    if (*place >= 0 && (winipc_lock_load(&lock->gate.holder) & (LONG)WINIPC_LOCK_PROCESS) != 0) {
        winipc_rwlock_end_read(lock, *place);
        *place = -1;
    }
    if (*place < 0 && winipc_rwlock_enter(lock, timeout, place) == WAIT_TIMEOUT)
        return WAIT_TIMEOUT;
    return winipc_lock_load(&lock->writing) == 0 ? WAIT_OBJECT_0 : WAIT_ABANDONED;
}

/* Takes the lock for writing. */
static inline DWORD winipc_rwlock_write(winipc_rwlock *lock, DWORD timeout) {
    if (winipc_rwlock_enter(lock, timeout, NULL) == WAIT_TIMEOUT) return WAIT_TIMEOUT;
    return InterlockedExchange(&lock->writing, 1) == 0 ? WAIT_OBJECT_0 : WAIT_ABANDONED;
}

/* Ends the writing. */
static inline void winipc_rwlock_end_write(winipc_rwlock *lock) {
    InterlockedExchange(&lock->writing, 0);
    winipc_lock_release(&lock->gate);
}

#endif`;

/** Returns the lines of C that define the types and the functions of locks, once per program. */
export function defineLock(): string[] {
  return TEXT.split("\n");
}
