/**
 * The machine of the model: memory, two events and processes, under the library's own code.
 *
 * Whatever that code asks of the machine is a step: an access to the header of the shared memory,
 * setting an event, a wait, a look at another process. For this, the globals that it uses for them
 * are replaced, and what it gets from Windows.
 *
 * The ring, and the words `committed` and `consumed`, are written and read without `Atomics`. These
 * accesses are no steps, but a process may be killed before each word that it writes, and it is
 * asserted that they do not race: see races.ts. Other words of the header are read without `Atomics`
 * where an old value does no harm; what is asserted of these is that they are not read right after
 * a store, for a processor may look there before others see what is stored. (So may ARM64 even
 * where the store is a `STLR`; but it does not look ahead of the `LDAR` that follows one.)
 *
 * @module
 */

import { INFINITE } from "../../../ffi/registered_wait.ts";
import { kernel32 } from "../../../ffi/kernel32.ts";
import {
  HEADER_LENGTH,
  RECEIVER,
  type RingSettings,
  SENDER,
  WORD,
  writeHeader,
} from "../../../src/channel/ring_header.ts";
import type { EndOptions } from "../../../src/channel/ring_sender.ts";
import { ProcessWatch, SharedEvent } from "../../../src/sync/mod.ts";
import type { WaitOptions } from "../../../src/waiting/poll.ts";
import { Races } from "./races.ts";
import { Run, type Step, TIME, type Value } from "./run.ts";

/** The event that is set when there are messages. */
export const DATA = 2;
/** The event that is set when there is room. */
export const SPACE = 3;

/** The process id of the first process. */
export const FIRST_PID = 100;

const WAIT_TIMEOUT = 0x102;

type Words = Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

/** What the processes share, as it is now. */
export class Machine {
  /** The channel's memory. */
  readonly buffer: ArrayBuffer;
  /** The events that are set, and the processes that have ended. */
  signalled = new Set<number>();
  /** What the processes know of each other's accesses. */
  races = new Races(0);
  /** The words that one process writes and another one uses: only accesses to these are steps. */
  readonly common = new Set<number>();
  /** Who uses which words. */
  readonly #users = new Map<number, { processes: Set<number>; isWritten: boolean }>();
  /** What an end needs. */
  readonly options: EndOptions;
  /** The true arrays behind those that the library has. */
  readonly #arrays = new WeakMap<object, Words>();

  constructor(settings: RingSettings) {
    this.buffer = new ArrayBuffer(HEADER_LENGTH + settings.capacity);
    writeHeader(this.buffer, settings);
    const [data, space] = [this.#event(DATA, "data"), this.#event(SPACE, "space")];
    this.options = { buffer: this.buffer, settings, data, space };
  }

  /** Takes note of an object that a wait ended with: an event is reset by that. */
  readonly take = (object: number): void => {
    if (object === DATA || object === SPACE) this.signalled.delete(object);
    this.races.acquire(number(), `object ${object}`);
  };

  /** Signals an object, which is done by a process. */
  signal(object: number, process: number): void {
    this.signalled.add(object);
    this.races.release(process, `object ${object}`, false);
  }

  /** Has the library run on this machine, until what is returned is disposed of. */
  install(): Disposable {
    const stack = new DisposableStack();
    const replace = (owner: object, key: string, descriptor: PropertyDescriptor) => {
      const before = Object.getOwnPropertyDescriptor(owner, key);
      Object.defineProperty(owner, key, { configurable: true, ...descriptor });
      stack.defer(() => {
        if (before === undefined) Reflect.deleteProperty(owner, key);
        else Object.defineProperty(owner, key, before);
      });
    };
    const microtask = queueMicrotask;
    const now = performance.now.bind(performance);
    for (const type of [Int32Array, BigUint64Array, Uint8Array]) {
      replace(globalThis, type.name, { value: this.#watched(type), writable: true });
    }
    replace(globalThis, "Atomics", { value: this.#atomics(), writable: true });
    replace(globalThis, "queueMicrotask", {
      value: (task: () => void) => microtask(Run.current?.guard(task) ?? task),
      writable: true,
    });
    replace(performance, "now", { value: () => Run.current?.now ?? now() });
    // With one processor, nobody spins: a look more or less makes no difference here.
    replace(Navigator.prototype, "hardwareConcurrency", { get: () => 1 });
    replace(Deno, "pid", { get: () => Run.current?.pid });
    replace(ProcessWatch, "open", { value: (pid: number) => this.#openProcess(pid) });
    replace(kernel32(), "GetProcessTimes", { value: () => 1, writable: true });
    replace(kernel32(), "WaitForMultipleObjectsEx", {
      value: (_count: number, handles: BigUint64Array, _all: number, milliseconds: number) => {
        const objects = [...handles].map(Number);
        const object = running().standStill(objects, this.take, milliseconds !== INFINITE);
        return object === TIME ? WAIT_TIMEOUT : objects.indexOf(Number(object));
      },
      writable: true,
    });
    return stack;
  }

  #event(object: number, name: string): SharedEvent {
    return Object.create(SharedEvent.prototype, {
      unsafeHandle: { value: BigInt(object) },
      closed: { value: false },
      set: {
        value: () =>
          void running().step({ what: () => `sets ${name}` }, () => {
            this.signal(object, number());
            return undefined;
          }),
      },
      wait: {
        value: ({ timeout = Infinity }: WaitOptions = {}) =>
          running().wait(object, timeout !== Infinity),
      },
    });
  }

  #openProcess(pid: number): ProcessWatch {
    const look = (what: string) =>
      running().step({ what: () => `${what} ${pid}` }, () => {
        if (!this.signalled.has(pid)) return "lives";
        this.races.acquire(number(), `object ${pid}`);
        return "ended";
      });
    if (look("opens process") === "ended") throw new Deno.errors.NotFound(`No process ${pid}`);
    return Object.create(ProcessWatch.prototype, {
      pid: { value: pid },
      startTime: { value: 0n },
      exitCode: { get: () => look("asks for the exit code of") === "ended" ? 1 : undefined },
      unsafeHandle: { value: BigInt(pid) },
      wait: { value: () => running().wait(pid, false) },
      unref: { value: () => {} },
      close: { value: () => {} },
    });
  }

  /** A class of typed arrays whose accesses are steps, where they are over the shared memory. */
  #watched<T extends typeof Int32Array | typeof BigUint64Array | typeof Uint8Array>(type: T): T {
    return new Proxy(type, {
      construct: (type, args) => {
        const words: Words = Reflect.construct(type, args);
        return args[0] === this.buffer ? this.#watch(words) : words;
      },
    });
  }

  #watch(words: Words): Words {
    const first = words.byteOffset / words.BYTES_PER_ELEMENT;
    const isWords = words.BYTES_PER_ELEMENT === 4;
    const watched = new Proxy(words, {
      get: (_, key) => {
        if (key === "slice") return (from: number, to: number) => this.#copyOut(words, from, to);
        if (key === "set") return (bytes: Uint8Array, at: number) => this.#copyIn(words, bytes, at);
        if (!isIndex(key)) return Reflect.get(words, key);
        const word = first + Number(key);
        if (!isWords) throw new Error("Expected the ring to be read by words or as a whole");
        if (isPlain(word)) {
          return running().act(false, () => {
            this.races.read(number(), word);
            return Reflect.get(words, key);
          });
        }
        running().assertAwake(word);
        return this.#use({ word, what: () => `reads word ${word}`, isWrite: false }, () => Reflect.get(words, key));
      },
      set: (_, key, value) => {
        if (!isIndex(key)) return Reflect.set(words, key, value);
        const word = first + Number(key);
        if (isWords && !isPlain(word)) throw new Error(`Word ${word} is written without Atomics`);
        running().act(true, () => {
          this.races.write(number(), isWords ? word : word >> 2);
          Reflect.set(words, key, value);
          return undefined;
        });
        return true;
      },
    });
    this.#arrays.set(watched, words);
    return watched;
  }

  /** Uses a word of the header: that is a step, unless no other process has to do with it. */
  #use({ word, what, isWrite }: Step & { word: number; isWrite: boolean }, take: () => Value): Value {
    const run = running();
    if (this.common.has(word)) return run.step({ what }, take);
    return run.act(isWrite, () => {
      if (run.isPrepared) this.#noteUse(word, isWrite);
      return take();
    });
  }

  #noteUse(word: number, isWrite: boolean): void {
    const users = this.#users.get(word) ?? { processes: new Set(), isWritten: false };
    users.processes.add(number());
    users.isWritten ||= isWrite;
    this.#users.set(word, users);
    if (!users.isWritten || users.processes.size === 1) return;
    this.common.add(word);
    running().stop({ what: () => `finds that word ${word} is common` });
  }

  #copyOut(words: Words, from: number, to: number): Value {
    return running().act(false, () => {
      for (const word of wordsOf(words, from, to)) this.races.read(number(), word);
      return bytesOf(words).slice(from, to);
    });
  }

  #copyIn(words: Words, bytes: Uint8Array, at: number): void {
    running().act(true, () => {
      for (const word of wordsOf(words, at, at + bytes.length)) this.races.write(number(), word);
      bytesOf(words).set(bytes, at);
      return undefined;
    });
  }

  #atomics(): typeof Atomics {
    const { Atomics } = globalThis;
    return new Proxy(Atomics, {
      get: (_, key) => {
        const method = Reflect.get(Atomics, key);
        return (array: object | undefined, index: number, ...values: unknown[]) => {
          if (array === undefined) return undefined;
          const words = this.#arrays.get(array);
          if (words === undefined) return method(array, index, ...values);
          const word = index * words.BYTES_PER_ELEMENT / 4;
          const isStore = key === "store";
          running().isAnnounced = isStore && values[0] !== 0 &&
            (word === RECEIVER.sleeping || word === SENDER.sleeping);
          const what = () => `${String(key)} word ${word} ${values}`;
          return this.#use({ word, what, isWrite: key !== "load" }, () => {
            if (!isStore) this.races.acquire(number(), `word ${word}`);
            const value: Value = method(words, index, ...values);
            if (key !== "load") this.races.release(number(), `word ${word}`, isStore);
            return value;
          });
        };
      },
    });
  }
}

function running(): Run {
  if (Run.current === undefined) throw new Error("No process of the model runs");
  return Run.current;
}

/** The number of the process that runs. */
function number(): number {
  return running().pid - FIRST_PID;
}

/** Whether a word is one of those that are written and read without `Atomics`. */
function isPlain(word: number): boolean {
  return word === WORD.committed || word === WORD.consumed || word >= HEADER_LENGTH / 4;
}

function* wordsOf({ byteOffset }: Words, from: number, to: number): Generator<number> {
  for (let word = (byteOffset + from) >> 2; word << 2 < byteOffset + to; word++) yield word;
}

function isIndex(key: string | symbol): key is string {
  return typeof key === "string" && key >= "0" && key < ":";
}

function bytesOf(words: Words): Uint8Array<ArrayBuffer> {
  if (!(words instanceof Uint8Array)) throw new TypeError("Expected bytes");
  return words;
}
