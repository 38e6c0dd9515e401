/**
 * Broadcast rings: streams of messages from one process to any number of others, through shared memory.
 *
 * @module
 */

import { unless } from "../../../ffi/error.ts";
import { inheritanceVariable, objectName, openOrCreate, openWithSettings } from "../../names.ts";
import {
  assertOptions,
  integerFrom,
  type OptionChecks,
  pickOptions,
} from "../../../ffi/arguments.ts";
import { assertSecurity, type Security } from "../../../ffi/security.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { CREATE_CHECKS, createMemory, openMemory } from "../../memory/creation.ts";
import { inheritSection } from "../../memory/handles.ts";
import { privateBufferOf } from "../../memory/mapped_view.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import type { Inheritable } from "../../process/mod.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import {
  type BroadcastSettings,
  eventNameOf,
  HEADER_LENGTH,
  longestMessage,
  MAGIC,
  readHeader,
  WAKE_BITS_OFFSET,
  writeHeader,
} from "./layout.ts";
import { type BroadcastReceiver, openReceiver } from "./receiver.ts";
import { type BroadcastEndOptions, type BroadcastSender, openSender } from "./sender.ts";
import { Ends } from "../peer/place.ts";
import {
  createUnder,
  labelFor,
  labelForKey,
  MAX_CAPACITY,
  MIN_CAPACITY,
  nameMemory,
  settleSize,
} from "../peer/memory.ts";
import { WAKE_CHECKS, WAKE_WORDS, WakeEvents, type WakeOptions } from "../peer/wake.ts";

/** What a new broadcast ring is to be like. */
export interface BroadcastRingOptions {
  /** How many bytes the ring holds, a power of two from 1024 to 2³⁰. @default 1048576 */
  capacity?: number;
  /** The longest message, in bytes. @default an eighth of the capacity less 16, which is also the most */
  maxMessageLength?: number;
  /** Who may open it: see `SharedMemory.create`. @default "user" */
  security?: Security;
}

/** The checks of {@linkcode BroadcastRingOptions}. */
export const BROADCAST_RING_CHECKS: OptionChecks<BroadcastRingOptions> = {
  capacity: integerFrom(MIN_CAPACITY, MAX_CAPACITY),
  maxMessageLength: integerFrom(0),
  security: assertSecurity,
};

const NOUN = "broadcast ring";

/**
 * A stream of messages from one process to any number of others.
 *
 * Every receiver gets every message that is sent while it is there, in order, or learns how many it missed. The
 * sender never waits, and never notices receivers that are slow, do not read or were killed: it writes over the
 * oldest messages. Nothing asks the system unless a receiver sleeps.
 *
 * @example
 * ```ts
 * import { BroadcastRing } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * // One process sends …
 * using ring = BroadcastRing.create("prices");
 * using sender = ring.sender();
 *
 * // … and any number of others receive.
 * using same = BroadcastRing.open("prices");
 * using receiver = same.receiver();
 *
 * sender.send(new TextEncoder().encode("EUR 1.08"));
 * sender.flush();
 *
 * const { bytes, missed } = (await receiver.receive({ timeout: 1000 }))!;
 * assertEquals(new TextDecoder().decode(bytes), "EUR 1.08");
 * assertEquals(missed, 0);
 * ```
 */
export class BroadcastRing extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`, or `undefined` if it has none. */
  readonly name: string | undefined;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;
  readonly #end: BroadcastEndOptions;
  readonly #ends = new Ends();
  readonly #label: string;

  private constructor(label: string, memory: SharedMemory, settings?: BroadcastSettings) {
    super();
    using stack = new DisposableStack();
    stack.use(memory);
    const view = stack.use(memory.map());
    const buffer = privateBufferOf(view);
    nameMemory(buffer, label);
    nameMemory(view.buffer, label);
    if (settings !== undefined) writeHeader(buffer, settings, memory.name);
    const found = readHeader(buffer);
    if (found === undefined) {
      throw new Deno.errors.NotFound(
        `Cannot open ${label}: whoever made it is not done yet, or it is plain memory`,
      );
    }
    this.#end = {
      buffer,
      ring: view.bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + found.capacity),
      settings: found,
      wakeEvents: new WakeEvents(
        new Int32Array(buffer, WAKE_BITS_OFFSET, WAKE_WORDS),
        eventNameOf(buffer),
      ),
    };
    stack.move();
    this.#label = label;
    this.name = memory.name;
    this.#memory = memory;
    this.#view = view;
  }

  /**
   * Makes a new broadcast ring under a name.
   *
   * @param name The name; a bare one is shared within the session (`Local\`).
   * @param options What it is to be like.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static create(name: string, options: BroadcastRingOptions = {}): BroadcastRing {
    const full = objectName(name);
    assertOptions(options, BROADCAST_RING_CHECKS);
    const settings = settleSize(options, longestMessage);
    const label = labelFor(NOUN, full);
    const found = { label, name: full, magic: MAGIC };
    const memory = createUnder(found, () => makeMemory(full, options, settings));
    return new BroadcastRing(label, memory, settings);
  }

  /**
   * Opens the broadcast ring of a name, or creates it if nobody holds it. A sender that restarts while
   * its receivers live finds their ring so, and {@linkcode BroadcastRing.sender} takes the place of the
   * sender that has died.
   *
   * The thread is blocked while another process creates the ring, for at most 5 seconds. The `security`
   * of a ring that exists stays.
   *
   * @throws {Deno.errors.InvalidData} If the ring exists with other settings, or the name belongs to
   *   something else.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating it.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static openOrCreate(name: string, options: BroadcastRingOptions = {}): BroadcastRing {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, BROADCAST_RING_CHECKS);
    const settings = settleSize(options, longestMessage);
    return openOrCreate({
      label,
      open: () => openWithSettings({ label, settings, open: () => BroadcastRing.open(name) }),
      create: () => BroadcastRing.create(name, options),
    });
  }

  /**
   * Makes a new broadcast ring without a name, for child processes.
   *
   * @param options What it is to be like.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static anonymous(options: BroadcastRingOptions = {}): BroadcastRing {
    assertOptions(options, BROADCAST_RING_CHECKS);
    const settings = settleSize(options, longestMessage);
    const memory = makeMemory(undefined, options, settings);
    return new BroadcastRing(labelFor(NOUN, undefined), memory, settings);
  }

  /**
   * Opens the broadcast ring of a name.
   *
   * @throws {Deno.errors.NotFound} If nobody holds it.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   */
  static open(name: string): BroadcastRing {
    const full = objectName(name);
    const label = labelFor(NOUN, full);
    const memory = openMemory(full, { access: "readwrite" }, { label });
    return new BroadcastRing(label, sharedMemoryOver(memory, full, false));
  }

  /**
   * Waits until somebody makes the broadcast ring of a name, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   */
  static async waitFor(name: string, options: WaitOptions = {}): Promise<BroadcastRing> {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, WAIT_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => BroadcastRing.open(name));
    return await poll(label, look, options);
  }

  /**
   * Takes the broadcast ring that the process that started this one passed on by
   * {@linkcode BroadcastRing.toInherit}.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.InvalidData} If it is something else.
   */
  static inherited(key: string): BroadcastRing {
    inheritanceVariable(key);
    const label = labelForKey(NOUN, key);
    return new BroadcastRing(label, sharedMemoryOver(inheritSection(key, label), undefined, false));
  }

  /**
   * What a child process has to inherit, for `spawn` and `inheritHandles`.
   *
   * @param key The key under which the child takes it.
   */
  toInherit(key: string): Record<string, Inheritable> {
    inheritanceVariable(key);
    return { [key]: this.#memory };
  }

  /** What the ring is like. */
  get settings(): BroadcastSettings {
    return this.#end.settings;
  }

  /**
   * Takes the sender's place, which has to be free: never taken, closed, or left by a process that
   * has ended.
   *
   * @throws {Deno.errors.Busy} If there is a sender.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the ring is closed.
   */
  sender(): BroadcastSender {
    return this.#ends.add(openSender(this.#open()));
  }

  /**
   * Receives what is sent from now on.
   *
   * @param options Who may wake this receiver, where another user sends.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the ring is closed.
   */
  receiver(options: WakeOptions = {}): BroadcastReceiver {
    assertOptions(options, WAKE_CHECKS);
    return this.#ends.add(openReceiver({ ...options, ...this.#open() }));
  }

  /**
   * Closes the ends that were taken here, and the ring.
   *
   * @throws {Deno.errors.Busy} If the buffer of a sender's `ring` was transferred away: whoever has it
   *   still reaches the memory, which stays mapped as long as the process lives. All else is closed.
   */
  close(): void {
    // From the last to the first, each whatever becomes of those before.
    using stack = new DisposableStack();
    stack.use(this.#view);
    stack.use(this.#memory);
    stack.defer(() => this.#ends.close());
  }

  /** Closes the ring at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): BroadcastEndOptions {
    if (this.#view.closed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
    return this.#end;
  }
}

function makeMemory(
  name: string | undefined,
  options: BroadcastRingOptions,
  { capacity }: BroadcastSettings,
): SharedMemory {
  const label = labelFor(NOUN, name);
  const picked = pickOptions(options, CREATE_CHECKS);
  const memory = createMemory(name, HEADER_LENGTH + capacity, picked, { label });
  return sharedMemoryOver(memory, name, true);
}
