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
import {
  takeToken,
  tokenOfParts,
  type WorkerToken,
  type WorkerTokenFields,
} from "../../../ffi/worker_token.ts";
import { CREATE_CHECKS, createMemory, openMemory } from "../../memory/creation.ts";
import { adoptSection, inheritSection } from "../../memory/handles.ts";
import { privateBufferOf } from "../../memory/mapped_view.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import type { Inheritable } from "../../process/mod.ts";
import { checkDescription } from "../../struct/description.ts";
import type { MessageLayout } from "../../struct/tagged.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import {
  type BroadcastSettings,
  descriptionPlaceIn,
  eventNameOf,
  HEADER_LENGTH,
  longestMessage,
  MAGIC,
  memoryLengthOf,
  readHeader,
  WAKE_BITS_OFFSET,
  writeHeader,
} from "./layout.ts";
import {
  type BroadcastMessage,
  type BroadcastReceiver,
  openReceiver,
  openTypedReceiver,
} from "./receiver.ts";
import { type BroadcastEndOptions, type BroadcastSender, openSender } from "./sender.ts";
import { Ends } from "../peer/place.ts";
import {
  type AnyMessage,
  createUnder,
  labelFor,
  labelForKey,
  MAX_CAPACITY,
  MESSAGE_CHECKS,
  type MessageOption,
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

/** The checks of {@linkcode BroadcastRingOptions}, and of the option `message`. */
export const BROADCAST_RING_CHECKS: OptionChecks<BroadcastRingOptions & AnyMessage> = {
  capacity: integerFrom(MIN_CAPACITY, MAX_CAPACITY),
  maxMessageLength: integerFrom(0),
  security: assertSecurity,
  ...MESSAGE_CHECKS,
};

const NOUN = "broadcast ring";

const WAIT_FOR_CHECKS: OptionChecks<WaitOptions & AnyMessage> = {
  ...WAIT_CHECKS,
  ...MESSAGE_CHECKS,
};

/** A ring of any type: the functions that make rings do not know the types of the overloads. */
export type AnyRing = BroadcastRing<unknown, unknown, unknown>;

/**
 * Opens a receiver, as {@linkcode BroadcastRing.receiver} does. The receiver gets each message as
 * its bytes, also if the ring has a layout of messages.
 */
export let openBytesReceiver: (ring: AnyRing) => BroadcastReceiver;

/** The form of a ring's messages, and how its receivers are opened. */
interface Form<Value, Input, View> {
  readonly message: MessageLayout<Value, Input, View> | undefined;
  openReceiver(options: BroadcastEndOptions & WakeOptions): BroadcastReceiver<Value, View>;
}

function formOf({ message }: AnyMessage): Form<unknown, unknown, unknown> {
  return message === undefined
    ? { message, openReceiver }
    : { message, openReceiver: (options) => openTypedReceiver(options, message) };
}

/**
 * A stream of messages from one sender to any number of receivers, in any processes of this
 * computer.
 *
 * A receiver gets every message that is sent while it is open, in order. The sender never waits for
 * receivers, even if they are slow, do not read or were killed: it overwrites the oldest messages.
 * A receiver that misses messages learns how many. The ends make calls of the system only if a
 * receiver sleeps.
 *
 * With the option `message`, all messages have the same layout. The ring's memory describes the
 * layout, so that a process with another layout cannot open the ring.
 *
 * @typeParam Value The type of a received message: {@linkcode BroadcastMessage}, or the value of
 *   the option `message`.
 * @typeParam Input The type of values to send; `never` without the option `message`.
 * @typeParam View The type of a view of a message; `never` without the option `message`.
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
 *
 * @example Send structs
 * ```ts
 * import { BroadcastRing, struct } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * const Trade = struct({ price: "f64", size: "u32" });
 * using ring = BroadcastRing.create("trades", { message: Trade });
 * using sender = ring.sender();
 *
 * // In another process:
 * using same = BroadcastRing.open("trades", { message: Trade });
 * using receiver = same.receiver();
 *
 * sender.write({ price: 1.5, size: 10 });
 * sender.flush();
 * assertEquals(await receiver.receive({ timeout: 1000 }), { price: 1.5, size: 10 });
 * ```
 */
export class BroadcastRing<Value = BroadcastMessage, Input = never, View = never>
  extends Uncloneable
  implements Disposable {
  /** The full name, `Local\…` or `Global\…`; `undefined` for a ring without a name. */
  readonly name: string | undefined;
  readonly #memory: SharedMemory;
  readonly #view: MappedView;
  readonly #end: BroadcastEndOptions;
  readonly #ends = new Ends();
  readonly #label: string;
  readonly #form: Form<Value, Input, View>;

  static {
    openBytesReceiver = (ring) => ring.#ends.add(openReceiver({ ...ring.#open() }));
  }

  private constructor(
    label: string,
    memory: SharedMemory,
    form: Form<Value, Input, View>,
    settings?: BroadcastSettings,
  ) {
    super();
    const { message: layout } = form;
    using stack = new DisposableStack();
    stack.use(memory);
    const view = stack.use(memory.map());
    const buffer = privateBufferOf(view);
    nameMemory(buffer, label);
    nameMemory(view.buffer, label);
    if (settings !== undefined) writeHeader(buffer, settings, { name: memory.name, layout });
    const found = readHeader(buffer);
    if (found === undefined) {
      throw new Deno.errors.NotFound(
        `Cannot open ${label}: its creator is not done yet, or it is plain memory`,
      );
    }
    checkDescription(buffer, descriptionPlaceIn(found), { label, of: "messages", layout });
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
    this.#form = form;
    this.name = memory.name;
    this.#memory = memory;
    this.#view = view;
  }

  /**
   * Creates a broadcast ring under a name.
   *
   * @param name The name. A name without a prefix gets `Local\`: it is shared within the session.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range, or the layout of
   *   messages is too large.
   */
  static create<Value, Input, View>(
    name: string,
    options: BroadcastRingOptions & MessageOption<Value, Input, View>,
  ): BroadcastRing<Value, Input, View>;
  /** Creates a broadcast ring for bytes and cloned values under a name. */
  static create(name: string, options?: BroadcastRingOptions): BroadcastRing;
  static create(name: string, options: BroadcastRingOptions & AnyMessage = {}): AnyRing {
    const full = objectName(name);
    assertOptions(options, BROADCAST_RING_CHECKS);
    const settings = settleSize(options, longestMessage);
    const label = labelFor(NOUN, full);
    const found = { label, name: full, magic: MAGIC };
    const memory = createUnder(found, () => makeMemory(full, options, settings));
    return new BroadcastRing(label, memory, formOf(options), settings);
  }

  /**
   * Opens the broadcast ring of a name, or creates it if it does not exist. So a sender that
   * restarts finds the ring that its receivers still have open. {@linkcode BroadcastRing.sender}
   * then replaces the sender that has died.
   *
   * This blocks the thread for up to 5 seconds while another process creates the ring. It does not
   * change the `security` of a ring that exists.
   *
   * @throws {Deno.errors.InvalidData} If the ring exists with other settings or another layout of
   *   messages, or the name belongs to something else.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open the ring.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating the ring in 5
   *   seconds.
   * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range.
   */
  static openOrCreate<Value, Input, View>(
    name: string,
    options: BroadcastRingOptions & MessageOption<Value, Input, View>,
  ): BroadcastRing<Value, Input, View>;
  /** Opens or creates a broadcast ring for bytes and cloned values. */
  static openOrCreate(name: string, options?: BroadcastRingOptions): BroadcastRing;
  static openOrCreate(name: string, options: BroadcastRingOptions & AnyMessage = {}): AnyRing {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, BROADCAST_RING_CHECKS);
    const settings = settleSize(options, longestMessage);
    const open = () => openRing(name, options);
    return openOrCreate<AnyRing>({
      label,
      open: () => openWithSettings({ label, settings, open }),
      create: () => BroadcastRing.create(name, options),
    });
  }

  /**
   * Creates a broadcast ring without a name, for child processes.
   *
   * @throws {RangeError} If `capacity` or `maxMessageLength` is out of range.
   */
  static anonymous<Value, Input, View>(
    options: BroadcastRingOptions & MessageOption<Value, Input, View>,
  ): BroadcastRing<Value, Input, View>;
  /** Creates a broadcast ring for bytes and cloned values without a name. */
  static anonymous(options?: BroadcastRingOptions): BroadcastRing;
  static anonymous(options: BroadcastRingOptions & AnyMessage = {}): AnyRing {
    assertOptions(options, BROADCAST_RING_CHECKS);
    const settings = settleSize(options, longestMessage);
    const memory = makeMemory(undefined, options, settings);
    return new BroadcastRing(labelFor(NOUN, undefined), memory, formOf(options), settings);
  }

  /**
   * Opens the broadcast ring of a name.
   *
   * @throws {Deno.errors.NotFound} If no ring has this name, or its creator is not done yet.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or the ring has another
   *   layout of messages. The error names the first field that differs.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open the ring.
   */
  static open<Value, Input, View>(
    name: string,
    options: MessageOption<Value, Input, View>,
  ): BroadcastRing<Value, Input, View>;
  /** Opens the broadcast ring of a name, for bytes and cloned values. */
  static open(name: string): BroadcastRing;
  static open(name: string, options: AnyMessage = {}): AnyRing {
    const full = objectName(name);
    assertOptions(options, MESSAGE_CHECKS);
    const label = labelFor(NOUN, full);
    const memory = openMemory(full, { access: "readwrite" }, { label });
    return new BroadcastRing(label, sharedMemoryOver(memory, full, false), formOf(options));
  }

  /**
   * Waits until a process creates the broadcast ring of a name, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If the ring was not created in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else, or the ring has another
   *   layout of messages.
   */
  static waitFor<Value, Input, View>(
    name: string,
    options: WaitOptions & MessageOption<Value, Input, View>,
  ): Promise<BroadcastRing<Value, Input, View>>;
  /** Waits for a broadcast ring for bytes and cloned values, and opens it. */
  static waitFor(name: string, options?: WaitOptions): Promise<BroadcastRing>;
  static async waitFor(name: string, options: WaitOptions & AnyMessage = {}): Promise<AnyRing> {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, WAIT_FOR_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => openRing(name, options));
    return await poll(label, look, pickOptions(options, WAIT_CHECKS));
  }

  /**
   * Opens the broadcast ring that the parent process passed on by
   * {@linkcode BroadcastRing.toInherit}.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under this key.
   * @throws {Deno.errors.InvalidData} If something else was passed on under this key, or the ring
   *   has another layout of messages.
   */
  static inherited<Value, Input, View>(
    key: string,
    options: MessageOption<Value, Input, View>,
  ): BroadcastRing<Value, Input, View>;
  /** Opens an inherited broadcast ring for bytes and cloned values. */
  static inherited(key: string): BroadcastRing;
  static inherited(key: string, options: AnyMessage = {}): AnyRing {
    inheritanceVariable(key);
    assertOptions(options, MESSAGE_CHECKS);
    const label = labelForKey(NOUN, key);
    const memory = sharedMemoryOver(inheritSection(key, label), undefined, false);
    return new BroadcastRing(label, memory, formOf(options));
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

  /**
   * Takes over a broadcast ring that another thread of this process posted by
   * {@linkcode BroadcastRing.forWorker}. The ring is closed with this object, or when this Worker
   * ends.
   *
   * @param token The token, as the message brought it.
   * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another
   *   process.
   * @throws {TypeError} If the value is not a token of a broadcast ring.
   * @throws {Deno.errors.InvalidData} If the ring has another layout of messages. The token is then
   *   taken.
   */
  static fromWorker<Value, Input, View>(
    token: WorkerTokenFields,
    options: MessageOption<Value, Input, View>,
  ): BroadcastRing<Value, Input, View>;
  /** Takes over a broadcast ring for bytes and cloned values. */
  static fromWorker(token: WorkerTokenFields): BroadcastRing;
  static fromWorker(token: WorkerTokenFields, options: AnyMessage = {}): AnyRing {
    assertOptions(options, MESSAGE_CHECKS);
    const [handle] = takeToken(token, "broadcast ring");
    const { name } = token;
    const label = labelFor(NOUN, name);
    const memory = sharedMemoryOver(adoptSection(handle!, {}, label), name, false);
    return new BroadcastRing(label, memory, formOf(options));
  }

  /**
   * Makes a token that hands the ring over to a Worker, or from a Worker to its parent: post the
   * token, and pass it to {@linkcode BroadcastRing.fromWorker} there. That thread gets a ring object
   * of its own.
   *
   * A token works once. Close a token that nobody takes.
   *
   * @throws {Deno.errors.BadResource} If the ring is closed.
   */
  forWorker(): WorkerToken {
    this.#open();
    return tokenOfParts("broadcast ring", this.name, [() => this.#memory.forWorker()]);
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
  sender(): BroadcastSender<Input> {
    return this.#ends.add(openSender(this.#open(), this.#form.message));
  }

  /**
   * Opens a receiver for the messages that are sent from now on.
   *
   * @param options Its `security` matters if another user sends.
   * @throws {Deno.errors.InvalidData} If the ring's memory is corrupt.
   * @throws {Deno.errors.BadResource} If the ring is closed.
   */
  receiver(options: WakeOptions = {}): BroadcastReceiver<Value, View> {
    assertOptions(options, WAKE_CHECKS);
    return this.#ends.add(this.#form.openReceiver({ ...options, ...this.#open() }));
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

/** Opens the ring of a name, with the option `message` of the options. */
function openRing(name: string, options: AnyMessage): AnyRing {
  const { message } = options;
  return message === undefined ? BroadcastRing.open(name) : BroadcastRing.open(name, { message });
}

function makeMemory(
  name: string | undefined,
  options: BroadcastRingOptions & AnyMessage,
  { capacity }: BroadcastSettings,
): SharedMemory {
  const label = labelFor(NOUN, name);
  const picked = pickOptions(options, CREATE_CHECKS);
  const length = memoryLengthOf(capacity, options.message);
  const memory = createMemory(name, length, picked, { label });
  return sharedMemoryOver(memory, name, true);
}
