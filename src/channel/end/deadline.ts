/**
 * How long a wait may still last. The time is asked for only where there is an end to it, since that
 * takes longer than a message.
 *
 * @module
 */

/**
 * When a wait that begins now is over.
 *
 * @param timeout The most to wait, in milliseconds.
 */
export function deadlineAfter(timeout: number): number {
  return timeout === Infinity ? Infinity : performance.now() + timeout;
}

/**
 * How long there is until then, in milliseconds; 0 if it is over.
 *
 * @param deadline What {@linkcode deadlineAfter} gave.
 */
export function timeLeft(deadline: number): number {
  return deadline === Infinity ? Infinity : Math.max(deadline - performance.now(), 0);
}
