/**
 * Opens what has a name, or creates it if nobody holds the name.
 *
 * @module
 */

import { unless } from "../../ffi/error.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";

/** The most to wait while another process finishes what it creates, in milliseconds. */
export const DEFAULT_INITIALIZE_TIMEOUT = 5000;

/** How to open or create what has a name. */
export interface OpenOrCreate<T> {
  /** Opens it. Throws `NotFound` if nobody holds the name, or its creator is not done yet. */
  open: () => T;
  /** Creates it. Throws `AlreadyExists` if somebody holds the name. */
  create: () => T;
  /** Names it for messages: `channel "Local\\lines"`. */
  label: string;
  /** The most to wait while another process creates it, in milliseconds. @default 5000 */
  timeout?: number;
}

/**
 * Opens what has a name, or creates it. Between the two attempts another process may create it or
 * let it go, so both are tried in turn. The thread is blocked meanwhile.
 *
 * @throws {Deno.errors.TimedOut} If another process holds the name and does not finish in time.
 */
export function openOrCreate<T>(
  { open, create, label, timeout = DEFAULT_INITIALIZE_TIMEOUT }: OpenOrCreate<T>,
): T {
  const deadline = performance.now() + timeout;
  for (;;) {
    const found = unless(Deno.errors.NotFound, open) ?? unless(Deno.errors.AlreadyExists, create);
    if (found !== undefined) return found;
    if (performance.now() >= deadline) {
      throw new Deno.errors.TimedOut(
        `Waited ${timeout} ms for another process to initialise the ${label}`,
      );
    }
    kernel32().Sleep(1);
  }
}

/**
 * Throws unless something that was opened has the settings that were asked for.
 *
 * @param label Names it for messages: `channel "Local\\lines"`.
 * @param found The settings that it has.
 * @param asked The settings that it should have.
 * @throws {Deno.errors.InvalidData} If a setting is different; the message names it and both values.
 */
export function assertSettings(label: string, found: object, asked: object): void {
  const values = new Map<string, unknown>(Object.entries(found));
  for (const [name, value] of Object.entries(asked)) {
    if (values.get(name) === value) continue;
    throw new Deno.errors.InvalidData(
      `Cannot open ${label}: it exists, and its ${name} is ${values.get(name)} and not ${value}`,
    );
  }
}
