/**
 * Handlers that keep both ends busy, and the calls that do so.
 *
 * @module
 */

import type { CallContext, Client } from "../../../src/rpc/mod.ts";

/** The number of handlers that are under way in this process. */
export const running = { count: 0 };

/** Handlers that keep both ends busy. */
export const busyHandlers = {
  echo: (value: unknown) => value,
  /** Waits until the call is aborted. */
  async wait(_: undefined, { signal }: CallContext): Promise<void> {
    running.count++;
    try {
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
        if (signal.aborted) reject(signal.reason);
      });
    } finally {
      running.count--;
    }
  },
  /** Yields numbers, each with a text, without an end. */
  async *numbers(length: number): AsyncGenerator<{ number: number; text: string }> {
    running.count++;
    try {
      const text = "x".repeat(length);
      for (let number = 0;; number++) yield await Promise.resolve({ number, text });
    } finally {
      running.count--;
    }
  },
};

/**
 * Calls without a pause until the link is over.
 *
 * @returns How each of the tasks ended: with an error.
 */
export async function keepBusy(client: Client<typeof busyHandlers>): Promise<unknown[]> {
  const forEver = async (work: (round: number) => Promise<unknown>) => {
    try {
      for (let round = 0;; round++) await work(round);
    } catch (error) {
      return error;
    }
  };
  const echo = async (round: number) => {
    const got = await client.call("echo", { round, text: "y".repeat(round % 500) });
    if (!(got instanceof Object) || Reflect.get(got, "round") !== round) {
      throw new Error(`Expected the answer ${round}, got ${Deno.inspect(got)}`);
    }
  };
  const stream = async () => {
    let next = 0;
    for await (const { number } of client.stream("numbers", 100)) {
      if (number !== next++) throw new Error(`Expected the item ${next - 1}, got ${number}`);
    }
  };
  const leave = async () => {
    for await (const { number } of client.stream("numbers", 10, { ahead: 3 })) {
      if (number === 5) break;
    }
  };
  const abort = async () => {
    const error: unknown = await client.call("wait", undefined, { timeout: 5 }).catch((e) => e);
    if (!(error instanceof Deno.errors.TimedOut)) throw error;
  };
  const tasks = [echo, echo, echo, stream, stream, leave, abort, () => client.call("wait")];
  return await Promise.all(tasks.map(forEver));
}
