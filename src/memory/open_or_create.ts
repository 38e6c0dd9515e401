/**
 * Memory by its name, opened if it is there and made if it is not.
 *
 * @module
 */

import { assertFunction } from "../../ffi/arguments.ts";
import { unless } from "../../ffi/error.ts";
import { kernel32 } from "../../ffi/kernel32.ts";
import type { OptionChecks } from "../../ffi/options.ts";
import { checkTimeout } from "../waiting/poll.ts";
import { CREATE_CHECKS, createMemory, type CreateOptions, sddlOf } from "./creation.ts";
import { assertAdmits, initializeThenAdmit } from "./initialization.ts";
import type { Mappable, MappedView } from "./mapped_view.ts";
import { OPEN_CHECKS, openMemory } from "./opening.ts";
import { sectionLabel } from "./section.ts";

/** How to open a memory, or to make it if it is not there. */
export interface OpenOrCreateOptions extends CreateOptions {
  /** `"self"` refuses memory that another user made. @default "anyone" */
  owner?: "self" | "anyone";
  /**
   * Fills new memory, once: no other process can open it before this is done, nor if this throws.
   * It gets a view of the whole memory, which is closed afterwards.
   */
  initialize?: (view: MappedView) => void;
  /**
   * The most to wait, in milliseconds, while another process initialises the memory; the
   * script stands still meanwhile. @default 5000
   */
  timeout?: number;
}

/** The checks of {@linkcode OpenOrCreateOptions}. */
export const OPEN_OR_CREATE_CHECKS: OptionChecks<OpenOrCreateOptions> = {
  ...CREATE_CHECKS,
  owner: OPEN_CHECKS.owner,
  initialize: assertFunction,
  timeout: checkTimeout,
};

/**
 * Opens memory, or makes it.
 *
 * @param byteLength Its size in bytes if it is new, and the least that it must have if it is not.
 * @param options What it is to be like, and how to open it.
 * @param label What messages call it.
 * @returns The memory, and whether it is new.
 */
export function openOrCreateMemory(
  name: string,
  byteLength: number,
  options: OpenOrCreateOptions,
  label: string = sectionLabel(name),
): { memory: Mappable; created: boolean } {
  const { owner = "anyone", inheritable = false, initialize, timeout = 5000 } = options;
  const sddl = sddlOf(name, options);
  if (initialize) assertAdmits(sddl);
  const unseen = initialize !== undefined;
  const open = () =>
    openMemory(name, { access: "readwrite", owner, inheritable }, { least: byteLength, label });
  const create = () => createMemory(name, byteLength, options, { unseen, label });
  const deadline = performance.now() + timeout;
  for (;;) {
    const found = unless(Deno.errors.NotFound, open);
    if (found) return { memory: found, created: false };
    const made = unless(Deno.errors.AlreadyExists, create);
    if (made) {
      if (initialize) initializeThenAdmit(made, initialize, sddl);
      return { memory: made, created: true };
    }
    // Another process came first and fills the memory, or is just leaving it.
    if (performance.now() >= deadline) {
      throw new Deno.errors.TimedOut(
        `Waited ${timeout} ms for another process to initialise the ${label}`,
      );
    }
    kernel32().Sleep(1);
  }
}
