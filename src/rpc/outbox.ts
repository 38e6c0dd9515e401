/**
 * The way of frames to a link: frames that come while the link is busy go in one message.
 *
 * A message costs many times as much as a further frame in it, because the link encodes each message
 * on its own.
 *
 * @module
 */

import { type Frame, type HelloFrame, MAX_GROUP } from "./frame.ts";
import type { MessageLink } from "./link.ts";

/** A frame that waits for the link, or is on its way. */
interface Waiting extends PromiseWithResolvers<void> {
  readonly frame: Frame | HelloFrame;
  /** Whether the frame goes in a message of its own, because it may have no clone. */
  readonly isAlone: boolean;
}

/** Options of {@linkcode Outbox.send}. */
export interface SendOptions {
  /** Whether nobody else changes the values of the frame, so that they need no copy. */
  isOwn?: boolean;
}

/** Sends frames over a link, in their order. One message is on its way at a time. */
export class Outbox {
  readonly #link: MessageLink;
  #waiting: Waiting[] = [];
  #isBusy = false;
  /** Maximum number of frames in a message. It shrinks if such messages are too long for the link. */
  #most = MAX_GROUP;

  constructor(link: MessageLink) {
    this.#link = link;
  }

  /**
   * Sends a frame, whose values the caller can change afterwards. It never throws.
   *
   * @returns A promise that rejects as that of {@linkcode MessageLink.send}.
   */
  send(frame: Frame | HelloFrame, { isOwn = false }: SendOptions = {}): Promise<void> {
    if (!this.#isBusy) {
      this.#isBusy = true;
      const sent = this.#sendNow([frame]);
      sent.then(this.#next, this.#next);
      return sent;
    }
    const kept = isOwn ? { frame, isAlone: false } : copyOf(frame);
    const waiting = { ...kept, ...Promise.withResolvers<void>() };
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  /** Sends the frames that have come meanwhile. */
  readonly #next = () => {
    const group = this.#takeGroup();
    if (group.length === 0) {
      this.#isBusy = false;
      return;
    }
    this.#sendNow(group.map(({ frame }) => frame)).then(
      () => {
        for (const { resolve } of group) resolve();
        this.#next();
      },
      (error) => this.#failed(group, error),
    );
  };

  /** Takes the frames of the next message. */
  #takeGroup(): Waiting[] {
    const waiting = this.#waiting;
    const alone = waiting.findIndex(({ isAlone }) => isAlone);
    const end = alone < 0 ? waiting.length : Math.max(alone, 1);
    return waiting.splice(0, Math.min(end, this.#most));
  }

  /** Sends the frames of a message that has failed one by one: only one of them may be at fault. */
  async #failed(group: readonly Waiting[], error: unknown): Promise<void> {
    const [first] = group;
    if (first !== undefined && group.length === 1) {
      first.reject(error);
    } else {
      this.#most = Math.max(this.#most >> 1, 1);
      for (const { frame, resolve, reject } of group) {
        await this.#sendNow([frame]).then(resolve, reject);
      }
    }
    this.#next();
  }

  #sendNow(frames: readonly (Frame | HelloFrame)[]): Promise<void> {
    try {
      return this.#link.send(frames);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** Copies a frame that has to wait, because its sender can change the values in it meanwhile. */
function copyOf(frame: Frame | HelloFrame): Pick<Waiting, "frame" | "isAlone"> {
  try {
    return { frame: structuredClone(frame), isAlone: false };
  } catch {
    // The link says better why there is no clone. Perhaps it can even send such a value.
    return { frame, isAlone: true };
  }
}
