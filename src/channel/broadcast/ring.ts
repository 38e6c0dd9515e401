/**
 * Broadcast rings: streams of messages from one sender to any number of receivers, in shared
 * memory.
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

/** Options for a new broadcast ring. */
export interface BroadcastRingOptions {
  /** The capacity of the ring in bytes, a power of two from 1024 to 2³⁰. @default 1048576 */
  capacity?: number;
  /**
   * Maximum length of a message in bytes.
   *
   * @default an eighth of the capacity less 16, which is also the highest value
   */
  maxMessageLength?: number;
  /** Who can open the ring: see `SharedMemory.create`. @default "user" */
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
 * A stream of messages from one sender to any number of receivers, in any processes of this
 * computer.
 *
 * A receiver gets every message that is sent while it is open, in order. The sender never waits for
 * receivers, even if they are slow, do not read or were killed: it overwrites the oldest messages.
 * A receiver that misses messages learns how many. The ends make calls of the system only if a
 * receiver sleeps.
 *
 * @example Send a message to several processes
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
  /** The full name, `Local\…` or `Global\…`; `undefined` for a ring without a name. */
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
        `Cannot open ${label}: its creator is not done yet, or it is plain memory`,
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
   * Creates a broadcast ring under a name.
   *
   * @param name The name. A name without a prefix gets `Local\`: it is shared within the session.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range.
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
   * Opens the broadcast ring of a name, or creates it if it does not exist. So a sender that
   * restarts finds the ring that its receivers still have open. {@linkcode BroadcastRing.sender}
   * then replaces the sender that has died.
   *
   * This blocks the thread for up to 5 seconds while another process creates the ring. It does not
   * change the `security` of a ring that exists.
   *
   * @throws {Deno.errors.InvalidData} If the ring exists with other settings, or the name belongs
   *   to something else.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open the ring.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating the ring in 5
   *   seconds.
   * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range.
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
   * Creates a broadcast ring without a name, for child processes.
   *
   * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range.
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
   * @throws {Deno.errors.NotFound} If no ring has this name, or its creator is not done yet.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open the ring.
   */
  static open(name: string): BroadcastRing {
    const full = objectName(name);
    const label = labelFor(NOUN, full);
    const memory = openMemory(full, { access: "readwrite" }, { label });
    return new BroadcastRing(label, sharedMemoryOver(memory, full, false));
  }

  /**
   * Waits until a process creates the broadcast ring of a name, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If the ring was not created in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   */
  static async waitFor(name: string, options: WaitOptions = {}): Promise<BroadcastRing> {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, WAIT_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => BroadcastRing.open(name));
    return await poll(label, look, options);
  }

  /**
   * Opens the broadcast ring that the parent process passed on by
   * {@linkcode BroadcastRing.toInherit}.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under this key.
   * @throws {Deno.errors.InvalidData} If something else was passed on under this key.
   */
  static inherited(key: string): BroadcastRing {
    inheritanceVariable(key);
    const label = labelForKey(NOUN, key);
    return new BroadcastRing(label, sharedMemoryOver(inheritSection(key, label), undefined, false));
  }

  /**
   * Returns the objects that a child process has to inherit, for `spawn` and `inheritHandles`.
   *
   * @param key The key under which the child opens the ring.
   */
  toInherit(key: string): Record<string, Inheritable> {
    inheritanceVariable(key);
    return { [key]: this.#memory };
  }

  /** The settings of the ring. */
  get settings(): BroadcastSettings {
    return this.#end.settings;
  }

  /**
   * Opens the sender of the ring. It can replace a sender that was closed, or whose process or
   * Worker has ended.
   *
   * @throws {Deno.errors.Busy} If the ring has a sender already.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the ring is closed.
   */
  sender(): BroadcastSender {
    return this.#ends.add(openSender(this.#open()));
  }

  /**
   * Opens a receiver for the messages that are sent from now on.
   *
   * @param options Its `security` matters if another user sends.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the ring is closed.
   */
  receiver(options: WakeOptions = {}): BroadcastReceiver {
    assertOptions(options, WAKE_CHECKS);
    return this.#ends.add(openReceiver({ ...options, ...this.#open() }));
  }

  /**
   * Closes the ring, and the ends that were opened by this object.
   *
   * @throws {Deno.errors.Busy} If the buffer of a sender's `ring` was transferred away. Its new
   *   owner can still access the memory, which stays mapped as long as the process lives. All else
   *   is closed.
   */
  close(): void {
    // Runs from the last line to the first, also if one of them throws.
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
