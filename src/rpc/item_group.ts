/**
 * The items of a stream that go together in one frame.
 *
 * @module
 */

import { MAX_GROUP } from "./frame.ts";

/** Collects items of a stream, and sends them. */
export class ItemGroup {
  readonly #send: (values: readonly unknown[]) => Promise<void>;
  #items: unknown[] = [];
  /** Maximum number of items that go together. */
  #most = MAX_GROUP;

  /** @param send Sends a frame with items. It rejects as a link does. */
  constructor(send: (values: readonly unknown[]) => Promise<void>) {
    this.#send = send;
  }

  /** Whether there is nothing to send. */
  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /**
   * Adds an item, and copies it, because its producer can use the same object for the next item.
   *
   * @returns Whether the group must be sent now: it is full, or the item has no clone.
   */
  add(item: unknown): boolean {
    const copy = copyOf(item);
    this.#items.push(copy === undefined ? item : copy.value);
    return copy === undefined || this.#items.length >= this.#most;
  }

  /**
   * Sends the items. If the link does not take them together, they go one by one, up to the one that
   * the link does not take.
   *
   * @throws The link's error, if it does not take an item.
   */
  async send(): Promise<void> {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    try {
      return await this.#send(items);
    } catch (error) {
      if (items.length === 1) throw error;
    }
    this.#most = 1;
    for (const item of items) await this.#send([item]);
  }
}

/** Copies an item. Returns `undefined` if the item has no clone. */
function copyOf(value: unknown): { readonly value: unknown } | undefined {
  try {
    return { value: structuredClone(value) };
  } catch {
    return undefined;
  }
}

/** Number of microtasks for which items wait for the next one. A generator needs about 3. */
const MAX_TICKS = 8;

/** Waits a few microtasks, and returns whether a promise is settled then. */
export async function isQuick(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  for (let tick = 0; tick < MAX_TICKS && !isSettled; tick++) await undefined;
  return isSettled;
}
