/**
 * Channels: streams of messages from one process to another, through shared memory.
 *
 * @module
 */

import {
  assertBoolean,
  assertOptions,
  type ByteSource,
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
import { CREATE_CHECKS, createMemory, openMemory } from "../../memory/creation.ts";
import { inheritSection } from "../../memory/handles.ts";
import { privateBufferOf } from "../../memory/mapped_view.ts";
import type { MappedView, SharedMemory } from "../../memory/mod.ts";
import { sharedMemoryOver } from "../../memory/shared_memory.ts";
import type { Inheritable } from "../../process/mod.ts";
import { createEvent, EVENT_CHECKS, sharedEventOver } from "../../sync/event.ts";
import type { SharedEvent } from "../../sync/mod.ts";
import { EVENT, inheritShared, openShared } from "../../sync/shared_object.ts";
import { poll, WAIT_CHECKS, type WaitOptions } from "../../wait/options.ts";
import { Ends } from "../peer/place.ts";
import {
  createUnder,
  describeOther,
  labelFor,
  labelForKey,
  MAX_CAPACITY,
  MIN_CAPACITY,
  nameMemory,
  settleSize,
} from "../peer/memory.ts";
import {
  HEADER_LENGTH,
  longestMessage,
  MAGIC,
  notTheMemoryOfAChannel,
  PRODUCERS,
  type Producers,
  readHeader,
  type RingSettings,
  WHEN_FULL,
  type WhenFull,
  writeHeader,
} from "./layout.ts";
import { openReceiver, type RingReceiver } from "./receiver.ts";
import { type EndOptions, openSender, type RingSender } from "./sender.ts";
import { readableFrom, writableTo } from "./streams.ts";

/** What a new channel is to be like. */
export interface RingChannelOptions {
  /** How many bytes the ring holds, a power of two from 1024 to 2³⁰. @default 1048576 */
  capacity?: number;
  /** The longest message, in bytes. @default half the capacity less 8, which is also the most */
  maxMessageLength?: number;
  /** What `send` does when the ring is full. @default "wait" */
  whenFull?: WhenFull;
  /**
   * How many senders there can be at a time: one, which is quickest, or up to 64.
   *
   * Of many senders, one writes at a time. A sender that has claimed a message, or whose process is
   * suspended while it writes, keeps the other senders waiting until it goes on or ends. If the
   * `timeout` of their sends is over, `TimedOut` names that process. The receiver gets all that was
   * sent before.
   *
   * @default "single"
   */
  producers?: Producers;
  /**
   * Whether the channel ends with the last of its senders: where `producers` is `"multiple"`, and no
   * other sender is left.
   *
   * - `true`: the receiver gets the end when the last sender is closed, and `ConnectionReset` when the
   *   process of the last sender has ended without closing it.
   * - `false`: the receiver waits for the next sender, as a log collector does, and never gets either.
   *
   * @default true
   */
  endsWithLastSender?: boolean;
  /** Who may open it: see `SharedMemory.create`. @default "user" */
  security?: Security;
}

/** The checks of {@linkcode RingChannelOptions}. */
export const RING_CHANNEL_CHECKS: OptionChecks<RingChannelOptions> = {
  capacity: integerFrom(MIN_CAPACITY, MAX_CAPACITY),
  maxMessageLength: integerFrom(0),
  whenFull: oneOf(WHEN_FULL),
  producers: oneOf(PRODUCERS),
  endsWithLastSender: assertBoolean,
  security: assertSecurity,
};

const NOUN = "channel";

/** The kernel objects of a channel. */
export interface ChannelParts {
  /** The memory with the header and the ring. */
  readonly memory: SharedMemory;
  /** The event that is set when there are messages, and the receiver sleeps. */
  readonly data: SharedEvent;
  /** The event that is set when there is room, and a sender sleeps. */
  readonly space: SharedEvent;
}

/** Gives the kernel objects of a channel. They are closed with the channel. */
export let partsOf: (channel: RingChannel) => ChannelParts;

/**
 * Makes a channel of parts that came by other ways. The parts are closed with the channel, or at once if
 * this fails.
 *
 * @throws {Deno.errors.InvalidData} If the memory is not a channel's.
 * @throws {Deno.errors.PermissionDenied} If the memory can only be read, or the events only be waited for.
 */
export let channelFromParts: (parts: ChannelParts) => RingChannel;

/**
 * A stream of messages from one process to another, in order, through a ring in shared memory.
 *
 * Nothing asks the system unless the peer sleeps.
 *
 * @example From one process to another
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
 * @example A log collector, which outlives those who send to it
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
 * // Both senders have left; the next one may come.
 * assertEquals((await receiver.receiveValue())?.value, { from: "first" });
 * assertEquals((await receiver.receiveValue())?.value, { from: "second" });
 * assertEquals(receiver.ended, false);
 * ```
 */
export class RingChannel extends Uncloneable implements Disposable {
  /** The full name, `Local\…` or `Global\…`, or `undefined` if it has none. */
  readonly name: string | undefined;
  readonly #parts: ChannelParts;
  readonly #view: MappedView;
  readonly #end: EndOptions;
  readonly #ends = new Ends();
  readonly #label: string;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<ByteSource> | undefined;

  static {
    partsOf = (channel) => channel.#parts;
    channelFromParts = (parts) => new RingChannel(labelFor(NOUN, parts.memory.name), parts);
  }

  private constructor(label: string, parts: ChannelParts, settings?: RingSettings) {
    super();
    using stack = new DisposableStack();
    stack.defer(() => closeParts(parts));
    assertGranted(label, parts);
    const view = stack.use(parts.memory.map());
    const buffer = privateBufferOf(view);
    nameMemory(buffer, label);
    nameMemory(view.buffer, label);
    if (settings !== undefined) writeHeader(buffer, settings);
    const found = readHeader(buffer);
    if (found === undefined) {
      throw new Deno.errors.NotFound(`Cannot open ${label}: whoever made it is not done yet`);
    }
    const ring = view.bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + found.capacity);
    this.#end = { buffer, ring, settings: found, data: parts.data, space: parts.space };
    stack.move();
    this.#label = label;
    this.name = parts.memory.name;
    this.#parts = parts;
    this.#view = view;
  }

  /**
   * Makes a new channel under a name.
   *
   * @param name The name; a bare one is shared within the session (`Local\`). Its events have it too,
   *   with ".data" and ".space" after it.
   * @param options What it is to be like.
   * @throws {Deno.errors.AlreadyExists} If the name is taken.
   * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
   *   `producers` is not `"multiple"`.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static create(name: string, options: RingChannelOptions = {}): RingChannel {
    const full = objectName(name);
    // Before the first event is made.
    derivedName(full, ".space");
    const settings = settle(options);
    const label = labelFor(NOUN, full);
    const found = { label, name: full, magic: MAGIC };
    const parts = createUnder(found, () => makeParts(full, options, settings));
    return new RingChannel(label, parts, settings);
  }

  /**
   * Opens the channel of a name, or creates it if nobody holds it. A server that restarts while its
   * peers live finds their channel so, and its {@linkcode RingChannel.receiver} takes the place of the
   * receiver that has died.
   *
   * Until then, the senders' calls throw `BrokenPipe`. The same senders can send again as soon as the
   * place is taken.
   *
   * The thread is blocked while another process creates the channel, for at most 5 seconds. The
   * `security` of a channel that exists stays.
   *
   * @example A collector that can be restarted
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
   * @throws {Deno.errors.InvalidData} If the channel exists with other settings, or the name belongs to
   *   something else.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   * @throws {Deno.errors.TimedOut} If another process did not finish creating it.
   * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
   *   `producers` is not `"multiple"`.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static openOrCreate(name: string, options: RingChannelOptions = {}): RingChannel {
    const label = labelFor(NOUN, objectName(name));
    const settings = settle(options);
    return openOrCreate({
      label,
      open: () => openWithSettings({ label, settings, open: () => RingChannel.open(name) }),
      create: () => RingChannel.create(name, options),
    });
  }

  /**
   * Makes a new channel without a name, for child processes.
   *
   * @param options What it is to be like.
   * @throws {TypeError} If an option is of the wrong kind, or `endsWithLastSender` is `false` and
   *   `producers` is not `"multiple"`.
   * @throws {RangeError} If the capacity or the longest message is out of range.
   */
  static anonymous(options: RingChannelOptions = {}): RingChannel {
    const settings = settle(options);
    const parts = makeParts(undefined, options, settings);
    return new RingChannel(labelFor(NOUN, undefined), parts, settings);
  }

  /**
   * Opens the channel of a name.
   *
   * @throws {Deno.errors.NotFound} If nobody holds it.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   * @throws {Deno.errors.PermissionDenied} If this user may not open it.
   */
  static open(name: string): RingChannel {
    const full = objectName(name);
    return new RingChannel(labelFor(NOUN, full), openParts(full));
  }

  /**
   * Waits until somebody makes the channel of a name, and opens it.
   *
   * @throws {Deno.errors.TimedOut} If nobody made it in time.
   * @throws {Deno.errors.InvalidData} If the name belongs to something else.
   */
  static async waitFor(name: string, options: WaitOptions = {}): Promise<RingChannel> {
    const label = labelFor(NOUN, objectName(name));
    assertOptions(options, WAIT_CHECKS);
    const look = () => unless(Deno.errors.NotFound, () => RingChannel.open(name));
    return await poll(label, look, options);
  }

  /**
   * Takes the channel that the process that started this one passed on by
   * {@linkcode RingChannel.toInherit}.
   *
   * @throws {Deno.errors.NotFound} If nothing was passed on under that key.
   * @throws {Deno.errors.InvalidData} If it is something else.
   * @throws {Deno.errors.PermissionDenied} If its memory can only be read, or its events only be waited for.
   */
  static inherited(key: string): RingChannel {
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
    return new RingChannel(label, parts);
  }

  /**
   * What a child process has to inherit, for `spawn` and `inheritHandles`.
   *
   * @param key The key under which the child takes it.
   */
  toInherit(key: string): Record<string, Inheritable> {
    inheritanceVariable(key);
    const { memory, data, space } = this.#parts;
    return { [key]: memory, [`${key}_data`]: data, [`${key}_space`]: space };
  }

  /** What the channel is like. */
  get settings(): RingSettings {
    return this.#end.settings;
  }

  /**
   * Takes a sender's place, which has to be free: never taken, closed, or left by a process that has
   * ended. There is one, or there are 64 if the channel was made for `"multiple"` producers.
   *
   * @throws {Deno.errors.Busy} If there is a sender, or are so many.
   * @throws {Deno.errors.BadResource} If the channel is closed.
   */
  sender(): RingSender {
    return this.#ends.add(openSender(this.#open()));
  }

  /**
   * Takes the receiver's place, which has to be free: never taken, closed, or left by a process that
   * has ended. After such a one, the message that it was reading may come once more.
   *
   * @throws {Deno.errors.Busy} If there is a receiver.
   * @throws {Deno.errors.BadResource} If the channel is closed.
   */
  receiver(): RingReceiver {
    return this.#ends.add(openReceiver(this.#open()));
  }

  /**
   * The messages as a stream, which takes the receiver's place when this is read first. It takes no
   * message out of the ring before somebody reads it.
   *
   * @throws What {@linkcode RingChannel.receiver} throws.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= readableFrom(this.receiver());
  }

  /**
   * A stream into the channel, which takes a sender's place when this is read first. Each chunk is a
   * message; writing it waits for room in the ring.
   *
   * @throws What {@linkcode RingChannel.sender} throws.
   */
  get writable(): WritableStream<ByteSource> {
    return this.#writable ??= writableTo(this.sender());
  }

  /**
   * Closes the ends that were taken here, and the channel.
   *
   * @throws {Deno.errors.Busy} If the buffer of an end's `ring` was transferred away: whoever has it
   *   still reaches the memory, which stays mapped as long as the process lives. All else is closed.
   */
  close(): void {
    // From the last to the first, each whatever becomes of those before.
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

/** What a new channel is like. */
function settle(options: RingChannelOptions): RingSettings {
  assertOptions(options, RING_CHANNEL_CHECKS);
  const { whenFull = "wait", producers = "single", endsWithLastSender = true } = options;
  if (!endsWithLastSender && producers === "single") {
    throw new TypeError('Expected endsWithLastSender: false to go with producers: "multiple"');
  }
  return { ...settleSize(options, longestMessage), whenFull, producers, endsWithLastSender };
}

function makeParts(
  name: string | undefined,
  options: RingChannelOptions,
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
      const memory = createMemory(name, HEADER_LENGTH + capacity, picked, { label });
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
    // Whoever makes a channel makes its events first, so this is no channel; unless a channel was made
    // and let go of since the first look.
    const isPlain = !isChannel && error instanceof Deno.errors.NotFound &&
      !checkHeader(memory, label);
    throw isPlain ? notTheMemoryOfAChannel(label, describeOther(0)) : error;
  }
}

/**
 * Checks the header of a memory.
 *
 * @returns Whether it is the header of a channel; `false` if there is none.
 * @throws {Deno.errors.InvalidData} If it is the header of something else.
 */
function checkHeader(memory: SharedMemory, label: string): boolean {
  using view = memory.map();
  nameMemory(view.buffer, label);
  return readHeader(view.buffer) !== undefined;
}

/** Throws if there is no event to what was passed on, which is no channel then, or is nothing. */
function assertInheritedWhole(variable: string, label: string): void {
  if (environmentVariable(`${variable}_data`) !== undefined) return;
  if (environmentVariable(variable) !== undefined) {
    throw new Deno.errors.InvalidData(
      `Cannot take the ${label}: only one object was passed on under that key, and not the parts ` +
        "of a channel, which RingChannel.toInherit() gives",
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

/** Throws unless an end can write to all parts: both ends do. A peer never sees writes to memory that is mapped to read. */
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

/** Makes or takes all parts, or none. The memory comes last: whoever finds it finds the events too. */
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
