/**
 * The two sides of a script: the ends of TypeScript, and those of the C header.
 *
 * @module
 */

import {
  RingChannel,
  type RingChannelOptions,
  type RingReceiver,
  type RingSender,
} from "../../../src/channel/mod.ts";
import { HEADER_LENGTH, RECEIVER, SENDERS, WORD } from "../../../src/channel/ring/layout.ts";
import { SharedMemory } from "../../../src/memory/mod.ts";
import { SharedEvent } from "../../../src/sync/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";

/** No step takes so long, in milliseconds. */
const PATIENCE = 10_000;
/** So often others take a place first, if nobody gives up before. */
const THEFTS = 40;
/** A process that was started a millisecond later, as an owner. */
const ONE_MILLISECOND = 2n ** 32n;
const LOW_HALF = 0xffff_ffffn;

/** What TypeScript says for the errors that C returns. */
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
const NAMES: ReadonlyMap<number, string> = new Map([...WORDS].map(([name, at]) => [at, name]));

/** What a word of the memory is called: `tail`, `word 300`, or `ring` for all that is in the ring. */
export function nameOf(word: number): string {
  return 4 * word >= HEADER_LENGTH ? "ring" : NAMES.get(word) ?? `word ${word}`;
}

/** What is compared after a step. */
export interface Outcome {
  /** What came of it. */
  result: string;
  /** The memory, with 1 for an owner that is the side's process, and 2 for its other process. */
  words: Int32Array<ArrayBuffer>;
  /** Which events were set. */
  events: string;
}

/** The processes of a script. */
export class Players implements AsyncDisposable {
  /** Has the ends of C. */
  readonly peer: Peer;
  /** Another process, for the side of TypeScript. */
  readonly typescriptOther: OtherProcess;
  /** Another process, for the side of C. */
  readonly cOther: OtherProcess;

  private constructor(peer: Peer, others: [OtherProcess, OtherProcess]) {
    this.peer = peer;
    [this.typescriptOther, this.cOther] = others;
  }

  /**
   * Starts them.
   *
   * @param path The program that tests/channel/ring/peers/script_ends.c becomes.
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

/** Another process, which may have an end. */
export class OtherProcess implements AsyncDisposable {
  readonly #peer: Peer;
  /** The process as the owner of a place. */
  readonly owner: bigint;

  private constructor(peer: Peer, owner: bigint) {
    this.#peer = peer;
    this.owner = owner;
  }

  /** Starts one, and has it take an end, to see how it is written down. */
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

  /** Ends it, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#peer.kill();
    await this.#peer.gone();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}

/** A channel, and those who take its ends. */
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
   * @param options What the channel is like.
   * @param players The processes.
   * @param own The process of this side's ends, and the other one.
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

  /** Does a step by an end. */
  protected abstract act(words: readonly string[], seed: number): string | Promise<string>;

  /**
   * Does a step.
   *
   * @param step The step.
   * @param seed What messages are filled with.
   * @returns What came of it: at once, without a turn of the event loop, where nothing is waited for.
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
    const at = offset === undefined ? WORDS.get(name) : (HEADER_LENGTH + Number(offset)) / 4;
    if (at === undefined) throw new Error(`There is no word ${name}`);
    if (name.endsWith(".owner")) this.owners[at / 2] = this.#ownerCalled(value);
    else Atomics.store(this.#words, at, Number(value) | 0);
  }

  #ownerCalled(who: string): bigint {
    if (who === "nobody") return 0n;
    if (who === "alive") return this.#other.owner;
    // The id was somebody else's: both sides get the same owner.
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

/** The ends of TypeScript. */
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
    // An end that is abandoned is closed with its channel, at the script's end.
    const channel = this.#channels.use(RingChannel.open(this.name));
    using _thief = this.#letOthersSteal(PLACES[role].owner);
    if (role === "sender") this.#sender = channel.sender();
    else this.#receiver = channel.receiver();
    return "ok";
  }

  /** Has others take a place between the look at its owner and the compare-and-swap. */
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

/** The ends of C, in another process. */
export class CSide extends Side {
  readonly #peer: Peer;

  constructor(options: RingChannelOptions, players: Players) {
    super(options, players, { pid: players.peer.pid, other: players.cOther });
    this.#peer = players.peer;
  }

  protected async act([what = "", ...words]: readonly string[], seed: number): Promise<string> {
    // C has nothing to do.
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
  return what === "read" || what === "visit" || what === "next" || what.endsWith("_message");
}

/** Does a step of a sender. */
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

/** Does a step of a receiver. */
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
    case "wait_message":
      return receiver.waitForMessageSync({ timeout: 0 }) ? "ok" : "end";
    case "poll_message":
      return poll(() => receiver.tryReceive() !== undefined);
  }
  throw new Error(`There is no step ${what}`);
}

/** Takes so many messages; tells why there are no more otherwise. */
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

/** Takes so many messages where they stand, or those that are there. */
function visit(count: number, receiver: RingReceiver): string {
  const messages: string[] = [];
  const enough = new Error("So many");
  try {
    receiver.read((bytes) => {
      // The message is still there when its visitor has thrown.
      if (messages.length === count) throw enough;
      messages.push(describe(bytes));
    });
  } catch (error) {
    if (error !== enough) throw error;
  }
  return messages.join(" ");
}

/** The length and the hash of a message. */
function describe(bytes: Uint8Array): string {
  const hash = bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 0);
  return `${bytes.length}:${hash}`;
}

/** Calls a function until something comes of it, or it throws. */
function poll(look: () => boolean): string {
  const deadline = performance.now() + PATIENCE;
  while (performance.now() < deadline) if (look()) return "ok";
  return "TimedOut";
}

/** Whether an event was set, which resets it. */
function isTaken(event: SharedEvent): boolean {
  try {
    event.waitSync({ timeout: 0 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return false;
    throw error;
  }
}

/** Lets the event loop turn until all that was due in this turn is done. */
async function turnOfEventLoop(): Promise<string> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  return "ok";
}
