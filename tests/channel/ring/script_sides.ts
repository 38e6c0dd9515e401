/**
 * The two sides of a script: TypeScript ends, and C ends that use the generated header.
 *
 * @module
 */

import {
  type PeekedMessage,
  RingChannel,
  type RingChannelOptions,
  type RingReceiver,
  type RingSender,
} from "../../../src/channel/mod.ts";
import {
  HEADER_LENGTH,
  MESSAGE_NUMBERS,
  RECEIVER,
  SENDERS,
  WORD,
} from "../../../src/channel/ring/layout.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { SharedEvent } from "../../../src/sync/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

/** Maximum time of a step in milliseconds. */
const PATIENCE = 10_000;
/** Number of thefts of a place; more than an end's attempts to take the place. */
const THEFTS = 40;
/**
 * Added to an owner, this names a process with the same id that was started a millisecond later.
 */
const ONE_MILLISECOND = 2n ** 32n;
const LOW_HALF = 0xffff_ffffn;

/** The TypeScript results for the error codes of C. */
const RESULTS: Readonly<Record<string, string>> = {
  0: "ok",
  13: "InvalidData",
  21: "NotFound",
  38: "end",
  50: "NotSupported",
  64: "ConnectionReset",
  87: "RangeError",
  109: "BrokenPipe",
  170: "Busy",
  258: "TimedOut",
};

type Role = "sender" | "receiver";
const PLACES = { sender: SENDERS[0]!, receiver: RECEIVER };
/** The header's words by their names. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ...Object.entries(WORD),
  ...Object.entries(PLACES).flatMap(([role, { owner, state, sleeping }]): [string, number][] => [
    [`${role}.owner`, 2 * owner],
    [`${role}.state`, state],
    [`${role}.sleeping`, sleeping],
  ]),
]);
const NAMES: ReadonlyMap<number, string> = new Map([
  ...MESSAGE_NUMBERS.flatMap((at) => [0, 1, 2].map((word) => [at + word, "numbers"] as const)),
  ...[...WORDS].map(([name, at]) => [at, name] as const),
]);

/**
 * Returns the name of a word in the memory: `tail`, `word 300`, or `ring` for any word of the ring.
 */
export function nameOf(word: number): string {
  return 4 * word >= HEADER_LENGTH ? "ring" : NAMES.get(word) ?? `word ${word}`;
}

/** The outcome of a step, which is compared. */
export interface Outcome {
  /** The result: an error's name, or the step's own text. */
  result: string;
  /** The memory. An owner that is the side's process is 1, and its other process is 2. */
  words: Int32Array<ArrayBuffer>;
  /** The names of the events that were set. */
  events: string;
}

/** The processes of all scripts. */
export class Players implements AsyncDisposable {
  /** The process with the C ends. */
  readonly peer: Peer;
  /** The other process of the TypeScript side. */
  readonly typescriptOther: OtherProcess;
  /** The other process of the C side. */
  readonly cOther: OtherProcess;

  private constructor(peer: Peer, others: [OtherProcess, OtherProcess]) {
    this.peer = peer;
    [this.typescriptOther, this.cOther] = others;
  }

  /**
   * Starts the processes.
   *
   * @param path The compiled program of tests/channel/ring/peers/script_ends.c.
   */
  static async start(path: string): Promise<Players> {
    const others = [OtherProcess.start(path), OtherProcess.start(path)] as const;
    return new Players(await Peer.startProgram(path), await Promise.all(others));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _peer = this.peer;
    await using _one = this.typescriptOther;
    await using _two = this.cOther;
  }
}

/** A process that a script names as the owner of a place. */
export class OtherProcess implements AsyncDisposable {
  readonly #peer: Peer;
  /** The 64 bits that name this process as an owner. */
  readonly owner: bigint;

  private constructor(peer: Peer, owner: bigint) {
    this.#peer = peer;
    this.owner = owner;
  }

  /** Starts a process, and has it take an end, to read its owner from the memory. */
  static async start(path: string): Promise<OtherProcess> {
    const peer = await Peer.startProgram(path);
    const name = randomName();
    using _channel = RingChannel.create(name, { capacity: 1024 });
    using memory = SharedMemory.open(name);
    using view = memory.map();
    await peer.ask(`open receiver ${name}`);
    const owners = new BigUint64Array(view.buffer, 0, HEADER_LENGTH / 8);
    return new OtherProcess(peer, owners[RECEIVER.owner]!);
  }

  /** Kills the process, and waits until it has ended. */
  async kill(): Promise<void> {
    this.#peer.kill();
    await this.#peer.gone();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}

/** A channel, and the process that takes its ends. */
abstract class Side implements Disposable {
  protected readonly name: string = randomName();
  protected readonly players: Players;
  protected readonly owners: BigUint64Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #stack = new DisposableStack();
  readonly #events: ReadonlyMap<string, SharedEvent>;
  readonly #pid: number;
  readonly #other: OtherProcess;

  /**
   * @param options The options of the channel.
   * @param own The id of the process with this side's ends, and this side's other process.
   */
  constructor(
    options: RingChannelOptions,
    players: Players,
    { pid, other }: { pid: number; other: OtherProcess },
  ) {
    this.players = players;
    this.#pid = pid;
    this.#other = other;
    const { settings } = this.#stack.use(RingChannel.create(this.name, options));
    const memory = this.#stack.use(SharedMemory.open(this.name, { access: "readwrite" }));
    const { buffer } = this.#stack.use(memory.map());
    this.#words = new Int32Array(buffer, 0, (HEADER_LENGTH + settings.capacity) / 4);
    this.owners = new BigUint64Array(buffer, 0, HEADER_LENGTH / 8);
    const event = (part: string) => this.#stack.use(SharedEvent.open(`${this.name}.${part}`));
    this.#events = new Map(["data", "space"].map((part) => [part, event(part)]));
  }

  /** Does a step with an end. */
  protected abstract act(words: readonly string[], seed: number): string | Promise<string>;

  /**
   * Does a step, and records its outcome.
   *
   * @param seed The seed for the bytes of messages.
   * @returns The outcome. It is a promise only if the step waits: otherwise no event-loop turn ends
   *   during the step.
   */
  run(step: string, seed: number): Outcome | Promise<Outcome> {
    const words = step.split(" ");
    const [what, word = "", value = ""] = words;
    if (what === "poke") {
      this.#poke(word, value);
      return this.#outcome("ok");
    }
    const result = what === "kill" ? this.#kill() : this.act(words, seed);
    if (typeof result === "string") return this.#outcome(result);
    return result.then((result) => this.#outcome(result));
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  async #kill(): Promise<string> {
    await this.#other.kill();
    return "ok";
  }

  #poke(name: string, value: string): void {
    const [, offset] = name.split("+");
    const [, word] = name.split("word:");
    const at = word !== undefined
      ? Number(word)
      : offset === undefined
      ? WORDS.get(name)
      : (HEADER_LENGTH + Number(offset)) / 4;
    if (at === undefined) throw new Error(`There is no word ${name}`);
    if (name.endsWith(".owner")) this.owners[at / 2] = this.#ownerCalled(value);
    else Atomics.store(this.#words, at, Number(value) | 0);
  }

  #ownerCalled(who: string): bigint {
    if (who === "nobody") return 0n;
    if (who === "alive") return this.#other.owner;
    // Both sides get the same owner: a process that never existed, because its start time is wrong.
    if (who === "dead") return this.players.typescriptOther.owner + ONE_MILLISECOND;
    throw new Error(`There is no owner ${who}`);
  }

  #outcome(result: string): Outcome {
    const words = this.#words.slice();
    const owners = new BigUint64Array(words.buffer, 0, HEADER_LENGTH / 8);
    for (const { owner: at } of [RECEIVER, ...SENDERS]) {
      const owner = owners[at]!;
      if (owner === this.#other.owner) owners[at] = 2n;
      else if ((owner & LOW_HALF) === BigInt(this.#pid)) owners[at] = 1n;
    }
    const events = [...this.#events].filter(([, event]) => isTaken(event)).map(([part]) => part);
    return { result, words, events: events.join(" ") };
  }
}

/** The TypeScript side, in this process. */
export class TypeScriptSide extends Side {
  #sender: RingSender | undefined;
  #receiver: RingReceiver | undefined;
  readonly #channels = new DisposableStack();
  #thefts = 0;

  constructor(options: RingChannelOptions, players: Players) {
    super(options, players, { pid: Deno.pid, other: players.typescriptOther });
  }

  protected act([what = "", word = ""]: readonly string[], seed: number): string | Promise<string> {
    if (what === "turn") return turnOfEventLoop();
    try {
      if (word === "sender" || word === "receiver") return this.#actOnEnd(what, word);
      if (this.#receiver && isReceiving(what)) return receive(what, Number(word), this.#receiver);
      if (this.#sender && !isReceiving(what)) {
        return send(what, { length: Number(word), seed }, this.#sender);
      }
      return "no end";
    } catch (error) {
      if (error instanceof Error) return error.name;
      throw error;
    }
  }

  #actOnEnd(what: string, role: Role): string {
    if (what === "open") return this.#openEnd(role);
    if (what === "steal") {
      this.#thefts = THEFTS;
      return "ok";
    }
    const end = role === "sender" ? this.#sender : this.#receiver;
    if (end === undefined) return "no end";
    if (what === "flush") {
      if (role === "receiver") throw new Error("A receiver of TypeScript has no flush");
      this.#sender!.flush();
      return "ok";
    }
    if (what === "close") end.close();
    if (role === "sender") this.#sender = undefined;
    else this.#receiver = undefined;
    return "ok";
  }

  #openEnd(role: Role): string {
    // An abandoned end is closed with its channel, when the script is over.
    const channel = this.#channels.use(RingChannel.open(this.name));
    using _thief = this.#letOthersSteal(PLACES[role].owner);
    if (role === "sender") this.#sender = channel.sender();
    else this.#receiver = channel.receiver();
    return "ok";
  }

  /** Changes a place's owner between the load of the owner and the compare-and-swap. */
  #letOthersSteal(owner: number): Disposable {
    const { compareExchange } = Atomics;
    const steal = (what: unknown, index: unknown) => {
      if (!(what instanceof BigUint64Array) || index !== owner || this.#thefts === 0) return;
      this.#thefts--;
      what[owner]! += ONE_MILLISECOND;
    };
    Atomics.compareExchange = new Proxy(compareExchange, {
      apply(target, self, args) {
        steal(args[0], args[1]);
        return Reflect.apply(target, self, args);
      },
    });
    return {
      [Symbol.dispose]: () => {
        Atomics.compareExchange = compareExchange;
        this.#thefts = 0;
      },
    };
  }
}

/** The C side, in another process. */
export class CSide extends Side {
  readonly #peer: Peer;

  constructor(options: RingChannelOptions, players: Players) {
    super(options, players, { pid: players.peer.pid, other: players.cOther });
    this.#peer = players.peer;
  }

  protected async act([what = "", ...words]: readonly string[], seed: number): Promise<string> {
    // These steps need no call in C.
    if (what === "turn" || what === "abort") return "ok";
    const isNamed = what.startsWith("open") || what === "steal";
    const rest = isNamed ? [...words, this.name, THEFTS] : [...words, seed];
    const answer = (await this.#peer.ask([what, ...rest].join(" "))).trim();
    return answer.split(" ").map((word) => RESULTS[word] ?? word).join(" ");
  }

  /** Closes the ends that the script has left open. */
  async end(): Promise<void> {
    for (const role of ["sender", "receiver"]) await this.#peer.ask(`close ${role}`);
  }
}

function isReceiving(what: string): boolean {
  const steps = ["read", "visit", "next", "peek", "wait_peek", "release", "peek_release"];
  return steps.includes(what) || what.endsWith("_message");
}

/** Does a step with the sender, and returns its result. */
function send(
  what: string,
  { length, seed }: { length: number; seed: number },
  sender: RingSender,
): string {
  const message = Uint8Array.from({ length }, (_, at) => seed * 31 + at);
  switch (what) {
    case "abort":
      sender.abort();
      return "ok";
    case "claim": {
      const offset = sender.claimAt(length);
      if (offset < 0) return "TimedOut";
      sender.ring.set(message, offset);
      return "ok";
    }
    case "commit":
      sender.commit(length);
      return "ok";
    case "send":
      return sender.trySend(message) ? "ok" : "TimedOut";
    case "send_now":
      return sender.sendSync(message, { timeout: 0 }) ? "ok" : "dropped";
    case "wait_room":
      sender.waitForRoomSync(length, { timeout: 0 });
      return "ok";
    case "poll_room":
      return poll(() => sender.claimAt(length) >= 0);
  }
  throw new Error(`There is no step ${what}`);
}

/** Does a step with the receiver, and returns its result. */
function receive(what: string, count: number, receiver: RingReceiver): string {
  switch (what) {
    case "read":
      return read(count, receiver);
    case "visit":
      return visit(count, receiver);
    case "next": {
      const message = receiver.tryReceive();
      return message === undefined ? "none" : describe(message);
    }
    case "peek":
      return peek(count, receiver);
    case "wait_peek": {
      const peeked = receiver.peekSync({ timeout: 0 });
      return peeked === undefined ? "end" : describePeeked(peeked);
    }
    case "release":
      receiver.release(count);
      return "ok";
    case "peek_release": {
      const peeked: string[] = [];
      while (peeked.length < count) {
        const message = receiver.tryPeek();
        if (message === undefined) break;
        peeked.push(describePeeked(message));
      }
      receiver.release(peeked.length);
      return [...peeked, "ok"].join(" ");
    }
    case "wait_message":
      return receiver.waitForMessageSync({ timeout: 0 }) ? "ok" : "end";
    case "poll_message":
      return poll(() => receiver.tryReceive() !== undefined);
  }
  throw new Error(`There is no step ${what}`);
}

/** Receives `count` messages. The result ends with the reason if there are fewer. */
function read(count: number, receiver: RingReceiver): string {
  const results: string[] = [];
  try {
    while (results.length < count) {
      const message = receiver.tryReceive();
      if (message === undefined) return [...results, receiver.ended ? "end" : "TimedOut"].join(" ");
      results.push(describe(message));
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    results.push(error.name);
  }
  return results.join(" ");
}

/** Peeks at `count` messages. The result ends with the reason if there are fewer. */
function peek(count: number, receiver: RingReceiver): string {
  const results: string[] = [];
  try {
    while (results.length < count) {
      const peeked = receiver.tryPeek();
      if (peeked === undefined) return [...results, receiver.ended ? "end" : "TimedOut"].join(" ");
      results.push(describePeeked(peeked));
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    results.push(error.name);
  }
  return results.join(" ");
}

/** Returns the number, the length and the hash of a peeked message. */
function describePeeked({ message, number }: PeekedMessage): string {
  return `${number}:${describe(message)}`;
}

/** Reads up to `count` messages in place. */
function visit(count: number, receiver: RingReceiver): string {
  const messages: string[] = [];
  const enough = new Error("Enough messages were read");
  try {
    receiver.read((bytes) => {
      // The message stays in the ring if its visitor throws.
      if (messages.length === count) throw enough;
      messages.push(describe(bytes));
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return messages.join(" ");
}

/** Returns the length and the hash of a message. */
function describe(bytes: Uint8Array): string {
  const hash = bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 0);
  return `${bytes.length}:${hash}`;
}

/** Calls a function until it returns `true` or throws. */
function poll(look: () => boolean): string {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) if (look()) return "ok";
  return "TimedOut";
}

/** Whether an event was set. The event is then reset. */
function isTaken(event: SharedEvent): boolean {
  try {
    event.waitSync({ timeout: 0 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return false;
    throw error;
  }
}

/** Waits for event-loop turns, until all pending messages and room are published. */
async function turnOfEventLoop(): Promise<string> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  return "ok";
}
