/**
 * Tells the peer each second that this end is alive, and notices that the peer no longer does.
 *
 * @module
 */

/** Time between two beats in milliseconds. The server then says if nobody listens any more. */
const BEAT = 1000;

/** Options of {@linkcode Pulse}. */
export interface PulseOptions {
  /** Is called at each beat. */
  readonly beat: () => unknown;
  /** Is called once when the peer is silent for too long. */
  readonly onSilence: () => void;
  /** Time in milliseconds after which the peer is silent for too long, or `Infinity`. */
  readonly maxSilence: number;
}

/**
 * The beats of one end of a link. They do not keep the process alive: the connection does.
 *
 * Silence is counted in beats. A script that computes for a long time has only one beat in that
 * time, and so does not take what waits unread for silence of the peer.
 */
export class Pulse implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #silentBeats = 0;

  /** Begins to beat. The first beat is in a second. */
  constructor({ beat, onSilence, maxSilence }: PulseOptions) {
    const most = Math.ceil(maxSilence / BEAT);
    this.#timer = setInterval(() => {
      if (++this.#silentBeats > most) return onSilence();
      beat();
    }, BEAT);
    Deno.unrefTimer(this.#timer);
  }

  /** Notes that the peer is alive. */
  hear(): void {
    this.#silentBeats = 0;
  }

  /** Stops the beats. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
