/**
 * Channels: streams of messages between two processes, through shared memory.
 *
 * @module
 */

import {
  assertBoolean,
  assertOptions,
  integerFrom,
  oneOf,
  type OptionChecks,
  pickOptions,
} from "../../../ffi/arguments.ts";
import { environmentVariable } from "../../../ffi/process_thread.ts";
import { unless } from "../../../ffi/error.ts";
import {
  derivedName,
  inheritanceVariable,
  objectName,
  openOrCreate,
  openWithSettings,
} from "../../names.ts";
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
import { createEvent, EVENT_CHECKS, sharedEventOver } from "../../sync/event.ts";
import type { SharedEvent } from "../../sync/mod.ts";
import { adoptShared, EVENT, inheritShared, openShared } from "../../sync/shared_object.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { Ends, type Place, wasTaken } from "../peer/place.ts";
import {
  type AnyMessage,
  createUnder,
  describeOther,
  labelFor,
  labelForKey,
  MAX_CAPACITY,
  MESSAGE_CHECKS,
  type MessageOption,
  MIN_CAPACITY,
  nameMemory,
  settleSize,
} from "../peer/memory.ts";
import {
  descriptionPlaceIn,
  HEADER_LENGTH,
  headerWordsOf,
  identityIn,
  longestMessage,
  MAGIC,
  memoryLengthOf,
  notTheMemoryOfAChannel,
  PRODUCERS,
  type Producers,
  readHeader,
  type RingSettings,
  WHEN_FULL,
  type WhenFull,
  writeHeader,
} from "./layout.ts";
import { checkDescription } from "../../struct/description.ts";
import type { MessageLayout } from "../../struct/tagged.ts";
import {
  openReceiver,
  openSharingReceiver,
  openTypedReceiver,
  readableFrom,
  type RingReceiver,
} from "./receiver.ts";
import {
  type EndOptions,
  openSender,
  type RingChunk,
  type RingSender,
  writableTo,
} from "./sender.ts";

/** The options of a new channel. */
export interface RingChannelOptions {
  /** The size of the ring in bytes, a power of two from 1024 to 2³⁰. @default 1048576 */
  capacity?: number;
  /**
   * The maximum length of a message in bytes: at most half the capacity less 8.
   *
   * @default the size of the layout of messages; without a layout, half the capacity less 8
   */
  maxMessageLength?: number;
  /**
   * The action of `send` when the ring is full: wait, throw `WouldBlock`, or drop the message.
   *
   * @default "wait"
   */
  whenFull?: WhenFull;
  /**
   * The number of senders that the channel can have at a time: one, which is fastest, or up to 64.
   *
   * Of many senders, one writes at a time. Other senders wait while a sender has a claimed message,
   * or while its process is suspended during a write. If the `timeout` of a send ends then, the
   * `TimedOut` error names the process that all wait for. The receiver gets every message that was
   * sent before.
   *
   * @default "single"
   */
  producers?: Producers;
  /**
   * Whether the channel ends with its last sender. `false` needs `"multiple"` producers.
   *
   * - `true`: the receiver gets the end when the last sender is closed. If the process of the last
   *   sender ends without closing it, the receiver gets `ConnectionReset`.
   * - `false`: the receiver waits for the next sender, as a log collector does. It gets neither the
   *   end nor `ConnectionReset`.
   *
   * @default true
   */
  endsWithLastSender?: boolean;
  /** The users who can open the channel: see `SharedMemory.create`. @default "user" */
  security?: Security;
}

/** The checks of {@linkcode RingChannelOptions}, and of the option `message`. */
export const RING_CHANNEL_CHECKS: OptionChecks<RingChannelOptions & AnyMessage> = {
  ...MESSAGE_CHECKS,
  capacity: integerFrom(MIN_CAPACITY, MAX_CAPACITY),
  maxMessageLength: integerFrom(0),
  whenFull: oneOf(WHEN_FULL),
  producers: oneOf(PRODUCERS),
  endsWithLastSender: assertBoolean,
  security: assertSecurity,
};

const WAIT_FOR_CHECKS: OptionChecks<WaitOptions & AnyMessage> = {
  ...WAIT_CHECKS,
  ...MESSAGE_CHECKS,
};

const NOUN = "channel";

/** A channel of any type: functions that make channels do not know the types of the overloads. */
export type AnyChannel = RingChannel<unknown, unknown, unknown>;

/** The form of a channel's messages, and how its receivers are opened. */
interface Form<Value, Input, View> {
  /** The layout of the messages, if they have one. */
  readonly message: MessageLayout<Value, Input, View> | undefined;
  /** Takes the receiver's place. */
  openReceiver(options: EndOptions): RingReceiver<Value, View>;
}

/** The form of messages without a layout. */
const BYTES: Form<Uint8Array<ArrayBuffer>, never, never> = {
  message: undefined,
  openReceiver: (options) => openReceiver(options),
};

/** Returns the form of the messages that an option `message` describes. */
function formOf({ message }: AnyMessage): Form<unknown, unknown, unknown> {
  return message === undefined
    ? { message, openReceiver: (options) => openReceiver(options) }
    : { message, openReceiver: (options) => openTypedReceiver(options, message) };
}

/** The kernel objects of a channel. */
export interface ChannelParts {
  /** The memory of the header and the ring. */
  readonly memory: SharedMemory;
  /** The event that wakes the receiver when there are messages. */
  readonly data: SharedEvent;
  /** The event that wakes a sender when there is room. */
  readonly space: SharedEvent;
}

/** Returns the kernel objects of a channel. They are closed with the channel. */
export let partsOf: (channel: AnyChannel) => ChannelParts;

/** Returns whether an end of a channel has taken a place, even if that end was closed since. */
export let hadOwner: (channel: AnyChannel, place: Place) => boolean;

/**
 * Takes the receiver's place, as {@linkcode RingChannel.receiver} does. The receiver gets each
 * message as its bytes, also if the channel has a layout of messages. The messages share buffers, so
 * they are only passed on.
 */
export let openBytesReceiver: (channel: AnyChannel) => RingReceiver;

/**
 * Returns the identity of a channel: 16 hexadecimal digits. It is the same as long as the numbers of
 * the messages go on, in every process. If all processes have closed the channel, the next channel of
 * its name has another identity.
 */
export let identityOf: (channel: AnyChannel) => string;

/**
 * Creates a channel object over parts that this process already has. The channel closes the parts,
 * also if this function throws.
 *
 * @throws {Deno.errors.NotFound} If the memory has no header yet.
 * @throws {Deno.errors.InvalidData} If the memory does not hold a channel, or a channel with a
 *   layout of messages.
 * @throws {Deno.errors.PermissionDenied} If the memory is read-only, or the events only allow
 *   waiting.
 */
export let channelFromParts: (parts: ChannelParts) => RingChannel;

/**
 * Does the same as {@linkcode channelFromParts}, for a channel with or without a layout of messages.
 *
 * @throws {Deno.errors.InvalidData} If the channel has another layout.
 */
export let anyChannelFromParts: (parts: ChannelParts, options: AnyMessage) => AnyChannel;

/**
 * A stream of messages from one process to another, in order, through a ring in shared memory.
 *
 * An end calls the system to wake its peer only if the peer sleeps.
 *
 * With the option `message`, all messages have the same layout. The channel's memory describes the
 * layout, so that a process with another layout cannot open the channel.
 *
 * @typeParam Value The type of a received message: bytes, or the value of the option `message`.
 * @typeParam Input The type of values to write; `never` without the option `message`.
 * @typeParam View The type of a view of a message; `never` without the option `message`.
 *
 * @example Send messages from one process to another
 * ```ts
 * import { RingChannel } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * // One process receives …
 * using channel = RingChannel.create("lines");
 * using receiver = channel.receiver();
 *
 * // … and another sends.
 * using same = RingChannel.open("lines");
 * const sender = same.sender();
 * await sender.send(new TextEncoder().encode("Hello"));
 * sender.close();
 *
 * const lines: string[] = [];
 * for await (const message of receiver) lines.push(new TextDecoder().decode(message));
 * assertEquals(lines, ["Hello"]);
 * ```
 *
 * @example Send structs
 * ```ts
 * import { RingChannel, struct } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * const Trade = struct({ price: "f64", size: "u32" });
 * using channel = RingChannel.create("trades", { message: Trade });
 * using receiver = channel.receiver();
 *
 * // In another process:
 * using same = RingChannel.open("trades", { message: Trade });
 * using sender = same.sender();
 * await sender.write({ price: 1.5, size: 10 });
 *
 * assertEquals(await receiver.receive(), { price: 1.5, size: 10 });
 * ```
 *
 * @example Collect logs, also after a sender has left
 * ```ts
 * import { RingChannel } from "@winipc/winipc";
 * import { assertEquals } from "@std/assert";
 *
 * using channel = RingChannel.create("log", { producers: "multiple", endsWithLastSender: false });
 * using receiver = channel.receiver();
 *
 * for (const name of ["first", "second"]) {
 *   using same = RingChannel.open("log");
 *   using sender = same.sender();
 *   await sender.sendValue({ from: name });
 * }
 *
 * // Both senders have left. The next one can come.
 * assertEquals((await receiver.receiveValue())?.value, { from: "first" });
 * assertEquals((await receiver.receiveValue())?.value, { from: "second" });
 * assertEquals(receiver.ended, false);
 * ```
 */
export class RingChannel<Value = Uint8Array<ArrayBuffer>, Input = never, View = never>
  extends Uncloneable
  implements Disposable {
  /** The full name, `Local\…` or `Global\…`, or `undefined` if it has none. */
  readonly name: string | undefined;
  readonly #parts: ChannelParts;
  readonly #view: MappedView;
  readonly #end: EndOptions;
  readonly #ends = new Ends();
  readonly #label: string;
  readonly #form: Form<Value, Input, View>;
  #readable: ReadableStream<Value> | undefined;
  #writable: WritableStream<RingChunk<Input>> | undefined;

  static {
    partsOf = (channel) => channel.#parts;
    hadOwner = (channel, place) => wasTaken(headerWordsOf(channel.#end.buffer), place);
    openBytesReceiver = (channel) => channel.#ends.add(openSharingReceiver(channel.#open()));
    identityOf = (channel) => identityIn(channel.#open().buffer).toString(16).padStart(16, "0");
    channelFromParts = (parts) => new RingChannel(labelFor(NOUN, parts.memory.name), parts, BYTES);
    anyChannelFromParts = (parts, options) =>
      new RingChannel(labelFor(NOUN, parts.memory.name), parts, formOf(options));
  }

  private constructor(
    label: string,
    parts: ChannelParts,
    form: Form<Value, Input, View>,
    settings?: RingSettings,
  ) {
    super();
    using stack = new DisposableStack();
    stack.defer(() => closeParts(parts));
    assertGranted(label, parts);
    const view = stack.use(parts.memory.map());
    const buffer = privateBufferOf(view);
    nameMemory(buffer, label);
    nameMemory(view.buffer, label);
    const { message: layout } = form;
    if (settings !== undefined) writeHeader(buffer, settings, layout);
    const found = readHeader(buffer);
    if (found === undefined) {
      throw new Deno.errors.NotFound(
        `Cannot open ${label}: its creator has not written the header yet; try again`,
      );
    }
    checkDescription(buffer, descriptionPlaceIn(found), { label, of: "messages", layout });
    const ring = view.bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + found.capacity);
    this.#end = { buffer, ring, settings: found, data: parts.data, space: parts.space };
    stack.move();
    this.#label = label;
    this.name = parts.memory.name;
    this.#parts = parts;
    this.#view = view;
    this.#form = form;
  }

  /**
   * Creates a channel with a name.
   *
   * @param name A name without a prefix is visible in this session (`Local\`). The channel's events
   *   have the same name with ".data" and ".space" after it.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
   *   `producers` is not `"multiple"`.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static create<Value, Input, View>(
    name: string,
    options: RingChannelOptions & MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View>;
  /** Creates a channel with a name, for bytes and cloned values. */
  static create(name: string, options?: RingChannelOptions): RingChannel;
  static create(name: string, options: RingChannelOptions & AnyMessage = {}): AnyChannel {
    const full = objectName(name);
    // Throws for a name that is too long, before the first event exists.
    derivedName(full, ".space");
    const settings = settle(options);
    const label = labelFor(NOUN, full);
    const found = { label, name: full, magic: MAGIC };
    const parts = createUnder(found, () => makeParts(full, options, settings));
    return new RingChannel(label, parts, formOf(options), settings);
  }

  /**
   * Opens a channel by its name, or creates it if no process has it open.
   *
   * So a server that restarts finds the channel of its peers. Its {@linkcode RingChannel.receiver}
   * takes the place of the receiver that has died. Until then, the senders' calls throw
   * `BrokenPipe`. After that, the same senders can send again.
   *
   * While another process creates the channel, this call blocks for at most 5 seconds. An existing
   * channel keeps its `security`.
   *
   * @example Restart a collector
   * ```ts
   * import { RingChannel } from "@winipc/winipc/channel";
   * import { assertEquals } from "@std/assert";
   *
   * const settings = { producers: "multiple", endsWithLastSender: false } as const;
   * using first = RingChannel.openOrCreate("restarted log", settings);
   * using sender = first.sender();
   * sender.sendSync(new TextEncoder().encode("kept"));
   *
   * // The collector starts, or starts again.
   * using channel = RingChannel.openOrCreate("restarted log", settings);
   * using receiver = channel.receiver();
   * assertEquals(new TextDecoder().decode(receiver.tryReceive()), "kept");
   * ```
   *
   * @throws {Deno.errors.InvalidData} If the channel exists with other settings, or another kind of
   *   object has the name.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open the channel.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating the channel.
   * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
   *   `producers` is not `"multiple"`.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static openOrCreate<Value, Input, View>(
    name: string,
    options: RingChannelOptions & MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View>;
  /** Opens or creates a channel for bytes and cloned values. */
  static openOrCreate(name: string, options?: RingChannelOptions): RingChannel;
  static openOrCreate(name: string, options: RingChannelOptions & AnyMessage = {}): AnyChannel {
    const label = labelFor(NOUN, objectName(name));
    const settings = settle(options);
    return openOrCreate<AnyChannel>({
      label,
      open: () => openWithSettings({ label, settings, open: () => openChannel(name, options) }),
      create: () => RingChannel.create(name, options),
    });
  }

  /**
   * Creates a channel without a name, for child processes.
   *
   * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
   *   `producers` is not `"multiple"`.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static anonymous<Value, Input, View>(
    options: RingChannelOptions & MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View>;
  /** Creates a channel without a name, for bytes and cloned values. */
  static anonymous(options?: RingChannelOptions): RingChannel;
  static anonymous(options: RingChannelOptions & AnyMessage = {}): AnyChannel {
    const settings = settle(options);
    const parts = makeParts(undefined, options, settings);
    return new RingChannel(labelFor(NOUN, undefined), parts, formOf(options), settings);
  }

  /**
   * Opens a channel by its name.
   *
   * @throws {Deno.errors.NotFound} If no process has the channel open.
   * @throws {Deno.errors.InvalidData} If another kind of object has the name, or the channel has
   *   another layout of messages. The error names the first field that differs.
   * @throws {Deno.errors.PermissionDenied} If this user has no right to open the channel.
   */
  static open<Value, Input, View>(
    name: string,
    options: MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View>;
  /** Opens the channel of a name, for bytes and cloned values. */
  static open(name: string): RingChannel;
  static open(name: string, options: AnyMessage = {}): AnyChannel {
    const full = objectName(name);
    assertOptions(options, MESSAGE_CHECKS);
    return new RingChannel(labelFor(NOUN, full), openParts(full), formOf(options));
  }

  /**
   * Waits until a process creates the channel, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If no process created the channel before the timeout.
   * @throws {Deno.errors.InvalidData} If another kind of object has the name, or the channel has
   *   another layout of messages.
   */
  static waitFor<Value, Input, View>(
    name: string,
    options: WaitOptions & MessageOption<Value, Input, View>,
  ): Promise<RingChannel<Value, Input, View>>;
  /** Waits for a channel for bytes and cloned values, and opens it. */
  static waitFor(name: string, options?: WaitOptions): Promise<RingChannel>;
  static async waitFor(
    name: string,
    options: WaitOptions & AnyMessage = {},
  ): Promise<AnyChannel> {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, WAIT_FOR_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => openChannel(name, options));
    return await poll(label, look, pickOptions(options, WAIT_CHECKS));
  }

  /**
   * Takes a channel that the parent process passed on by {@linkcode RingChannel.toInherit}.
   *
   * @throws {Deno.errors.NotFound} If the parent passed nothing under this key.
   * @throws {Deno.errors.InvalidData} If the objects under this key are not a channel, or a channel
   *   with another layout of messages.
   * @throws {Deno.errors.PermissionDenied} If the memory is read-only, or the events only allow
   *   waiting.
   */
  static inherited<Value, Input, View>(
    key: string,
    options: MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View>;
  /** Takes an inherited channel for bytes and cloned values. */
  static inherited(key: string): RingChannel;
  static inherited(key: string, options: AnyMessage = {}): AnyChannel {
    assertOptions(options, MESSAGE_CHECKS);
    const variable = inheritanceVariable(key);
    const label = labelForKey(NOUN, key);
    assertInheritedWhole(variable, label);
    const event = (part: string) =>
      sharedEventOver(inheritShared(EVENT, `${key}_${part}`, `event "${part}" of ${label}`));
    const parts = gather({
      memory: () => sharedMemoryOver(inheritSection(key, label), undefined, false),
      data: () => event("data"),
      space: () => event("space"),
    });
    return new RingChannel(label, parts, formOf(options));
  }

  /**
   * Returns the handles that a child process must inherit, for `spawn` and `inheritHandles`.
   *
   * @param key The key that the child passes to {@linkcode RingChannel.inherited}.
   */
  toInherit(key: string): Record<string, Inheritable> {
    inheritanceVariable(key);
    const { memory, data, space } = this.#parts;
    return { [key]: memory, [`${key}_data`]: data, [`${key}_space`]: space };
  }

  /**
   * Takes over a channel that another thread of this process posted by
   * {@linkcode RingChannel.forWorker}. The channel is closed with this object, or when this Worker
   * ends.
   *
   * @param token The token, as the message brought it.
   * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another
   *   process.
   * @throws {TypeError} If the value is not a token of a channel.
   * @throws {Deno.errors.InvalidData} If the channel has another layout of messages. The token is
   *   then taken.
   */
  static fromWorker<Value, Input, View>(
    token: WorkerTokenFields,
    options: MessageOption<Value, Input, View>,
  ): RingChannel<Value, Input, View>;
  /** Takes over a channel for bytes and cloned values. */
  static fromWorker(token: WorkerTokenFields): RingChannel;
  static fromWorker(token: WorkerTokenFields, options: AnyMessage = {}): AnyChannel {
    assertOptions(options, MESSAGE_CHECKS);
    const [memory, data, space] = takeToken(token, "channel", 3);
    const { name } = token;
    const label = labelFor(NOUN, name);
    const event = (handle: bigint, part: string) =>
      sharedEventOver(adoptShared(EVENT, handle, {}, eventLabel(label, part)));
    const parts = gather({
      memory: () => sharedMemoryOver(adoptSection(memory!, {}, label), name, false),
      data: () => event(data!, "data"),
      space: () => event(space!, "space"),
    });
    return new RingChannel(label, parts, formOf(options));
  }

  /**
   * Makes a token that hands the channel over to a Worker, or from a Worker to its parent: post the
   * token, and pass it to {@linkcode RingChannel.fromWorker} there. That thread gets a channel
   * object of its own, and opens the end that it needs.
   *
   * A token works once. Close a token that nobody takes.
   *
   * @throws {Deno.errors.BadResource} If the channel is closed.
   */
  forWorker(): WorkerToken {
    this.#open();
    const { memory, data, space } = this.#parts;
    const parts = [memory, data, space].map((part) => () => part.forWorker());
    return tokenOfParts("channel", this.name, parts);
  }

  /** The settings that the channel was created with. */
  get settings(): RingSettings {
    return this.#end.settings;
  }

  /**
   * Takes a sender's place. The channel has one such place, or 64 with `"multiple"` producers. A
   * place is free at first. It is free again when its sender was closed, or the sender's process or
   * Worker has ended.
   *
   * @throws {Deno.errors.Busy} If no sender's place is free.
   * @throws {Deno.errors.BadResource} If the channel is closed.
   */
  sender(): RingSender<Input> {
    return this.#ends.add(openSender(this.#open(), this.#form.message));
  }

  /**
   * Takes the receiver's place. The place is free at first. It is free again when the receiver was
   * closed, or the receiver's process or Worker has ended. If that process died while it read a
   * message, the next receiver can get that message again.
   *
   * @throws {Deno.errors.Busy} If the channel has a receiver.
   * @throws {Deno.errors.BadResource} If the channel is closed.
   */
  receiver(): RingReceiver<Value, View> {
    return this.#ends.add(this.#form.openReceiver(this.#open()));
  }

  /**
   * The messages as a stream. The first access takes the receiver's place. The stream takes a
   * message out of the ring only when it is read.
   *
   * @throws Every error of {@linkcode RingChannel.receiver}.
   */
  get readable(): ReadableStream<Value> {
    return this.#readable ??= readableFrom(this.receiver());
  }

  /**
   * A stream into the channel. The first access takes a sender's place. Each chunk is a message:
   * bytes, or a value of the channel's layout. A write waits for room in the ring.
   *
   * @throws Every error of {@linkcode RingChannel.sender}.
   */
  get writable(): WritableStream<RingChunk<Input>> {
    return this.#writable ??= writableTo(this.sender());
  }

  /**
   * Closes the channel, and all senders and receivers that were opened from this object.
   *
   * @throws {Deno.errors.Busy} If a script transferred the buffer of an end's `ring`. The buffer's
   *   new owner can still reach the memory, so it stays mapped until the process ends. Everything
   *   else is closed.
   */
  close(): void {
    // The stack runs these from the last to the first, and runs all of them even if one throws.
    using stack = new DisposableStack();
    stack.use(this.#view);
    stack.defer(() => closeParts(this.#parts));
    stack.defer(() => this.#ends.close());
  }

  /** Closes the channel at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): EndOptions {
    if (this.#view.closed) throw new Deno.errors.BadResource(`The ${this.#label} is closed`);
    return this.#end;
  }
}

/**
 * Checks the options of a new channel, and fills in the defaults.
 *
 * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
 *   `producers` is not `"multiple"`.
 * @throws {RangeError} If the capacity or the longest message is out of range.
 */
export function settle(options: RingChannelOptions & AnyMessage): RingSettings {
  assertOptions(options, RING_CHANNEL_CHECKS);
  const { whenFull = "wait", producers = "single", endsWithLastSender = true } = options;
  if (!endsWithLastSender && producers === "single") {
    throw new TypeError('Expected producers to be "multiple" if endsWithLastSender is false');
  }
  return { ...settleSize(options, longestMessage), whenFull, producers, endsWithLastSender };
}

/** Opens the channel of a name, with the option `message` of the options. */
function openChannel(name: string, { message }: AnyMessage): AnyChannel {
  return message === undefined ? RingChannel.open(name) : RingChannel.open(name, { message });
}

function makeParts(
  name: string | undefined,
  options: RingChannelOptions & AnyMessage,
  { capacity }: RingSettings,
): ChannelParts {
  const label = labelFor(NOUN, name);
  const event = (part: string) => {
    const full = name === undefined ? undefined : derivedName(name, `.${part}`);
    const picked = pickOptions(options, EVENT_CHECKS);
    return sharedEventOver(createEvent(full, picked, eventLabel(label, full ?? part)));
  };
  return gather({
    data: () => event("data"),
    space: () => event("space"),
    memory() {
      const picked = pickOptions(options, CREATE_CHECKS);
      const memory = createMemory(
        name,
        memoryLengthOf(capacity, options.message),
        picked,
        { label },
      );
      return sharedMemoryOver(memory, name, true);
    },
  });
}

function openParts(name: string): ChannelParts {
  const label = labelFor(NOUN, name);
  using stack = new DisposableStack();
  const found = openMemory(name, { access: "readwrite" }, { label });
  const memory = stack.use(sharedMemoryOver(found, name, false));
  const isChannel = checkHeader(memory, label);
  const event = (part: string) => {
    const full = derivedName(name, `.${part}`);
    return stack.use(sharedEventOver(openShared(EVENT, full, {}, eventLabel(label, full))));
  };
  try {
    const parts = { memory, data: event("data"), space: event("space") };
    stack.move();
    return parts;
  } catch (error) {
    // A channel's events are created before its memory, so memory without events is no channel. But
    // a channel could have been created and closed after the first check: check the header again.
    const isPlain = !isChannel && error instanceof Deno.errors.NotFound &&
      !checkHeader(memory, label);
    throw isPlain ? notTheMemoryOfAChannel(label, describeOther(0)) : error;
  }
}

/**
 * Checks the header of a memory.
 *
 * @returns Whether the memory holds a channel; `false` if its first word is 0.
 * @throws {Deno.errors.InvalidData} If the memory holds something else.
 */
function checkHeader(memory: SharedMemory, label: string): boolean {
  using view = memory.map();
  nameMemory(view.buffer, label);
  return readHeader(view.buffer) !== undefined;
}

/** Throws if the parent passed on no objects, or a single object that is not a channel. */
function assertInheritedWhole(variable: string, label: string): void {
  if (environmentVariable(`${variable}_data`) !== undefined) return;
  if (environmentVariable(variable) !== undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot take the ${label}: that key has a single object, not the parts of a channel; pass ` +
        "on the result of RingChannel.toInherit()",
    );
  }
  throw new Deno.errors.NotFound(
    `Cannot take the ${label}: there is no environment variable ${variable}; the process that ` +
      "starts this one sets it",
  );
}

function eventLabel(channel: string, name: string): string {
  return `event "${name}" of ${channel}`;
}

/**
 * Throws if an end cannot write to all parts, as senders and receivers must. The peer never sees
 * writes to memory that is mapped as read-only.
 */
function assertGranted(label: string, { memory, data, space }: ChannelParts): void {
  if (memory.access !== "readwrite") {
    throw new Deno.errors.PermissionDenied(
      `Cannot use ${label}: its memory can only be read; pass it on with access "readwrite"`,
    );
  }
  for (const event of [data, space]) {
    if (event.access === "modify") continue;
    throw new Deno.errors.PermissionDenied(
      `Cannot use ${label}: its events can only be waited for; pass them on with access "modify"`,
    );
  }
}

/**
 * Creates or opens all parts, or none. The memory comes last, so that a process that finds the
 * memory also finds the events.
 */
function gather(
  from: { memory: () => SharedMemory; data: () => SharedEvent; space: () => SharedEvent },
): ChannelParts {
  using stack = new DisposableStack();
  const data = stack.use(from.data());
  const space = stack.use(from.space());
  const memory = stack.use(from.memory());
  stack.move();
  return { memory, data, space };
}

function closeParts({ memory, data, space }: ChannelParts): void {
  data.close();
  space.close();
  memory.close();
}
