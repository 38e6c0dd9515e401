/**
 * A wait for an event that is registered once and stays.
 *
 * Registering a wait and ending it take longer than all else that a wait does, so that one who waits
 * for the same event again and again had better not do it each time. What comes while nobody waits
 * is remembered.
 *
 * @module
 */

import { RegisteredWait } from "../../ffi/registered_wait.ts";
import { Mailbox } from "../waiting/mailbox.ts";
import type { WaitOptions } from "../waiting/poll.ts";
import type { SharedEvent } from "./event.ts";
import { inWorker } from "./single_wait.ts";
import { type Lease, lend } from "./waitable_object.ts";

/** The most standing waits: each that is signalled has a thread of the system's stand still for a moment. */
const MOST = 16;
let count = 0;

/** Takes all that an event is set for, and tells one who waits here. */
export class StandingWait implements Disposable {
  /** Whether there can be one more here; a Worker can be ended while Windows still calls it. */
  static get isPossible(): boolean {
    return count < MOST && !inWorker();
  }

  readonly #lease: Lease;
  readonly #wait: RegisteredWait;
  /** Has one item while the event was set and nobody has waited since. */
  readonly #signals = new Mailbox<true>();
  #closed = false;

  /**
   * Begins to wait.
   *
   * @param event The event, which resets itself; nobody in this process is to wait for it in another way.
   * @throws {Deno.errors.BadResource} If it is closed.
   */
  constructor(event: SharedEvent) {
    this.#lease = lend(event, { onClose: (error) => this.#end(error) });
    try {
      const again = () => this.#note();
      this.#wait = new RegisteredWait(this.#lease.handle, { held: false, again });
    } catch (error) {
      this.#lease[Symbol.dispose]();
      throw error;
    }
    count++;
  }

  /**
   * Waits until the event is set, or was since the last time; for one at a time.
   *
   * @param options How long. When this is closed meanwhile, it is over as well.
   * @throws {Deno.errors.TimedOut} If it was not set in time.
   * @throws {Deno.errors.BadResource} If the event is closed, or is closed meanwhile.
   */
  async wait(options: WaitOptions): Promise<void> {
    this.#wait.hold(true);
    try {
      await this.#signals.take(options);
    } finally {
      this.#wait.hold(false);
    }
  }

  /** Stops waiting; what the event is set for at the same moment may be taken and told to nobody. */
  close(): void {
    this.#end();
  }

  /** Stops waiting at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #note(): void {
    if (this.#signals.isEmpty) this.#signals.put(true);
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    count--;
    this.#wait.cancel();
    this.#lease[Symbol.dispose]();
    this.#signals.end(error);
  }
}
