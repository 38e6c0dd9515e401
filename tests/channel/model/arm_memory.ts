/**
 * Memory with the order of ARMv8 (multi-copy atomic), for scripts whose compiled code is:
 *
 * | JavaScript                     | ARM64                        | in this model                  |
 * | ------------------------------ | ---------------------------- | ------------------------------ |
 * | `Atomics.load`                 | LDAR                         | acquire load                   |
 * | `Atomics.store`                | STLR                         | release store                  |
 * | other functions of `Atomics`   | LDAXR, STLXR, or LSE with AL | acquire load, and then a       |
 * |                                |                              | release store without a store  |
 * |                                |                              | of another script in between   |
 * | a `compareExchange` that fails | LDAXR                        | acquire load                   |
 * | any other access               | LDR, STR                     | plain load, plain store        |
 *
 * All stores that are visible have one order: they have timestamps. A store is visible to all
 * scripts at the same time. Until then it is pending.
 *
 * Rules for stores. Each store is pending first, and becomes visible in a step of its own.
 *
 * 1. Pending stores to one word become visible in the order of the program.
 * 2. A release store becomes visible only after all earlier stores of its script. A later plain
 *    store can overtake it.
 * 3. A read-modify-write begins only when no store of its script is pending. While its store is
 *    pending, no other script can store to the word. Later plain accesses can overtake its store.
 *
 * Rules for loads. A script has a view: a timestamp. Loads are made in the order of the program,
 * and a load can return an old value, as if the processor had made it earlier.
 *
 * 4. A load returns the newest pending store of its own script to the word, if there is one.
 * 5. Otherwise a load returns a visible store that is not older than the newest store to the word
 *    up to the view, and not older than what this script has loaded from or stored to the word.
 * 6. An acquire load begins only when no release store of its script is pending. The timestamps of
 *    these release stores then count as part of the view.
 * 7. An acquire load raises the view to the timestamp of the store that it returns, unless that is
 *    a store of its own script that was forwarded (rule 4, or an own plain store).
 * 8. The view does not rise by plain loads, and dependencies between loads do not count.
 *
 * Rule 8 is weaker than ARM. So is the rest of the model where it differs, apart from one reordering:
 * a plain load is never made after a later plain store. Instead, the model refuses a program in which
 * that could matter: see {@linkcode LoadBuffering}.
 *
 * Calls of the system take and release a lock of the kernel. So a call begins only when no store of
 * its script is pending. A wait learns what the script knew that has set the event, or that has died.
 *
 * The rules are those of the view-based model of Pulte et al., without its promises, and with
 * pending stores in their place. tests/channel/model_of_order_litmus_test.ts compares the model with
 * the results that are allowed and forbidden on ARM.
 *
 * @see {@link https://doi.org/10.1145/3314221.3314624} Promising-ARM/RISC-V
 * @see {@link https://doi.org/10.1145/3158107} Simplifying ARM Concurrency
 * @module
 */

import { type MemoryStep, type ModelMemory, processObject } from "./memory.ts";
import type { Access } from "./watched_memory.ts";

/**
 * A script loads a word plainly, and then makes a plain store without a release in between. Another
 * script sees that store, and stores to the word. On ARM, the load could return the new value.
 */
export class LoadBuffering extends Error {
  override name = "LoadBuffering";
}

type Value = number | bigint;

/** A plain load that no visible release store follows. It could still be made later. */
interface OpenLoad {
  readonly loc: number;
}

/** A visible store. */
interface Write {
  readonly time: number;
  readonly value: Value;
  /** The loads of other scripts that could be made later than this store. */
  readonly hazards: readonly string[];
  /** The loads that were made before this store. */
  readonly closes: readonly string[];
}

/** A pending store. */
interface Pending {
  readonly loc: number;
  readonly value: Value;
  readonly isRelease: boolean;
  /** Whether this is the store of a read-modify-write. */
  readonly isExclusive: boolean;
  /** The open loads before this store. */
  readonly open: readonly OpenLoad[];
  /** The hazards that its script knew. */
  readonly hazards: readonly string[];
}

/** What a script can see. */
interface Thread {
  readonly view: number;
  /** The highest timestamp of all that the script has loaded or stored. */
  readonly known: number;
  /** The timestamp of the newest visible release store. */
  readonly released: number;
  /** The oldest timestamps that loads can return, by location. */
  readonly floors: ReadonlyMap<number, number>;
  /** The timestamps of the script's newest visible stores that were no read-modify-writes. */
  readonly own: ReadonlyMap<number, number>;
  readonly pending: readonly Pending[];
  readonly open: readonly OpenLoad[];
  readonly hazards: readonly string[];
  readonly isOver: boolean;
}

/** The fixed parts of a memory. */
export interface ArmOptions {
  /** The memory that `make` uses. */
  readonly watched: Int32Array<ArrayBuffer>;
  /** The number of scripts. */
  readonly parts: number;
  /** The first word of each pair that is accessed as a whole. @default none */
  readonly wide?: readonly number[] | undefined;
  /** Words that no other script reads than the one that writes them. @default none */
  readonly unread?: readonly number[] | undefined;
}

interface Contents {
  readonly writes: ReadonlyMap<number, readonly Write[]>;
  readonly threads: readonly Thread[];
  readonly objects: ReadonlyMap<string, number>;
}

const STORES = ["store", "put", "set"];
const NEW_THREAD: Thread = {
  view: 0,
  known: 0,
  released: 0,
  floors: new Map(),
  own: new Map(),
  pending: [],
  open: [],
  hazards: [],
  isOver: false,
};

/** Memory with the order of ARMv8. */
export class ArmMemory implements ModelMemory {
  readonly #options: ArmOptions;
  readonly #initial: Int32Array<ArrayBuffer>;
  readonly #contents: Contents;
  readonly #data: DataView<ArrayBuffer>;
  #key: string | undefined;

  /**
   * @param initial The contents at the beginning.
   * @param contents The state, if it is not the first one.
   */
  constructor(options: ArmOptions, initial: Int32Array<ArrayBuffer>, contents?: Contents) {
    this.#options = options;
    this.#initial = initial;
    this.#data = new DataView(options.watched.buffer);
    this.#contents = contents === undefined
      ? {
        writes: new Map(),
        threads: Array.from({ length: options.parts }, () => NEW_THREAD),
        objects: new Map(),
      }
      : this.#normalized(contents);
  }

  get key(): string {
    return this.#key ??= this.#describe();
  }

  get words(): Int32Array<ArrayBuffer> {
    const { watched } = this.#options;
    watched.set(this.#initial);
    for (const [loc, writes] of this.#contents.writes) {
      if (loc >= 0) this.#put(loc, writes.at(-1)!.value);
    }
    return watched.slice();
  }

  access(part: number, access: Access, make: () => unknown): MemoryStep[] {
    const loc = this.#locOf(part, access);
    if (!access.isWrite) return this.#load(part, loc, access, make);
    if (STORES.includes(access.method)) return [this.#store(part, loc, access, make)];
    return this.#modify(part, loc, access, make);
  }

  isLocal(_part: number, { isWrite, method }: Access): boolean {
    return isWrite && STORES.includes(method);
  }

  ownSteps(part: number): MemoryStep[] {
    const { pending } = this.#thread(part);
    const steps: MemoryStep[] = [];
    for (const [index, item] of pending.entries()) {
      const isBlocked = (item.isRelease && index > 0) ||
        pending.slice(0, index).some(({ loc }) => loc === item.loc) ||
        (!item.isExclusive && this.#isReserved(part, item.loc));
      if (isBlocked) continue;
      const text = `${nameOf(item.loc)} = ${item.value} becomes visible`;
      steps.push({ text, memory: this.#make(this.#perform(this.#contents, part, item)) });
    }
    return steps;
  }

  canCall(part: number): boolean {
    return this.#thread(part).pending.length === 0;
  }

  give(part: number, object: string): ModelMemory {
    const objects = new Map(this.#contents.objects);
    objects.set(object, Math.max(objects.get(object) ?? 0, this.#thread(part).known));
    return this.#make({ ...this.#contents, objects });
  }

  learn(part: number, object: string): ModelMemory {
    const thread = this.#thread(part);
    const view = Math.max(thread.view, this.#contents.objects.get(object) ?? 0);
    const known = Math.max(thread.known, view);
    return this.#make(withThread(this.#contents, part, { ...thread, view, known }));
  }

  end(part: number): ModelMemory {
    if (this.#thread(part).isOver) return this;
    let contents = this.#contents;
    for (const item of this.#thread(part).pending) contents = this.#perform(contents, part, item);
    const objects = new Map(contents.objects);
    objects.set(processObject(part + 1), lastTime(contents));
    const over = { ...NEW_THREAD, isOver: true };
    return this.#make(withThread({ ...contents, objects }, part, over));
  }

  #load(part: number, loc: number, { isAtomic }: Access, make: () => unknown): MemoryStep[] {
    const thread = this.#thread(part);
    // Rule 6.
    if (isAtomic && thread.pending.some(({ isRelease }) => isRelease)) return [];
    const open = isAtomic ? thread.open : opened(thread, loc);
    const forwarded = thread.pending.findLast((item) => item.loc === loc);
    const base = Math.max(thread.view, isAtomic ? thread.released : 0);
    if (forwarded !== undefined) {
      const view = isAtomic ? base : thread.view;
      const next = withThread(this.#contents, part, { ...thread, open, view });
      return [this.#found(loc, forwarded.value, make, next)];
    }
    return this.#visible(thread, loc, base).map((write) => {
      const isForwarded = thread.own.get(loc) === write.time;
      const post = Math.max(base, isForwarded ? 0 : write.time);
      const next = withThread(this.#contents, part, {
        ...thread,
        view: isAtomic ? post : thread.view,
        known: Math.max(thread.known, post),
        floors: withEntry(thread.floors, loc, write.time),
        open,
        hazards: observe(thread.hazards, write),
      });
      return this.#found(loc, write.value, make, next);
    });
  }

  #found(loc: number, value: Value, make: () => unknown, next: Contents): MemoryStep {
    this.#put(loc, value);
    const result = make();
    return { text: `loads ${nameOf(loc)} -> ${result}`, value: result, memory: this.#make(next) };
  }

  #store(part: number, loc: number, { isAtomic }: Access, make: () => unknown): MemoryStep {
    const thread = this.#thread(part);
    // A store of some bytes keeps the other bytes of the word.
    this.#put(loc, thread.pending.findLast((item) => item.loc === loc)?.value ?? this.#newest(loc));
    const result = make();
    const item = this.#pending(thread, loc, { isRelease: isAtomic, isExclusive: false });
    const pending = [...thread.pending, item];
    return {
      text: `${isAtomic ? "releases" : "stores"} ${nameOf(loc)} = ${item.value}`,
      value: result,
      memory: this.#make(withThread(this.#contents, part, { ...thread, pending })),
    };
  }

  #modify(part: number, loc: number, access: Access, make: () => unknown): MemoryStep[] {
    const { isAtomic, method, values } = access;
    const thread = this.#thread(part);
    const isReady = isAtomic
      ? thread.pending.length === 0
      : !thread.pending.some((item) => item.loc === loc);
    const steps: MemoryStep[] = [];
    const expected = method === "compareExchange" ? values[0] : undefined;
    if (expected !== undefined) {
      // A comparison that fails only loads.
      for (const step of this.#load(part, loc, access, make)) {
        if (!isEqual(step.value, expected)) steps.push(step);
      }
    }
    if (!isReady || this.#isReserved(part, loc)) return steps;
    const write = this.#writesOf(loc).at(-1)!;
    this.#put(loc, write.value);
    const result = make();
    if (expected !== undefined && !isEqual(result, expected)) return steps;
    const base = Math.max(thread.view, isAtomic ? thread.released : 0);
    const post = Math.max(base, thread.own.get(loc) === write.time ? 0 : write.time);
    const reading: Thread = {
      ...thread,
      view: isAtomic ? post : thread.view,
      known: Math.max(thread.known, post),
      floors: withEntry(thread.floors, loc, write.time),
      hazards: observe(thread.hazards, write),
    };
    const item = this.#pending(reading, loc, { isRelease: isAtomic, isExclusive: true });
    const next = { ...reading, pending: [...thread.pending, item] };
    const text = `${method} ${nameOf(loc)}: ${result} becomes ${item.value}`;
    const memory = this.#make(withThread(this.#contents, part, next));
    return [...steps, { text, value: result, memory }];
  }

  /** Returns a pending store of the value that is now in the watched memory. */
  #pending(
    { open, hazards }: Thread,
    loc: number,
    kind: Pick<Pending, "isRelease" | "isExclusive">,
  ): Pending {
    return { loc, value: this.#take(loc), ...kind, open, hazards };
  }

  /** Makes a pending store visible. */
  #perform(contents: Contents, part: number, item: Pending): Contents {
    const { loc, value, isRelease, isExclusive } = item;
    const time = lastTime(contents) + 1;
    const thread = contents.threads[part]!;
    const hazard = item.hazards.find((hazard) => hazard.endsWith(`: ${nameOf(loc)}`));
    if (hazard !== undefined && !hazard.startsWith(`${part + 1}:`)) {
      throw new LoadBuffering(
        `Script ${part + 1} stores to a word that script ${hazard} may still load`,
      );
    }
    const names = (loads: readonly OpenLoad[]) =>
      [...new Set(loads.map((load) => `${part + 1}: ${nameOf(load.loc)}`))].sort();
    const closed = isRelease ? item.open : [];
    const still = item.open.filter((load) => thread.open.includes(load) && !closed.includes(load));
    const isOpen = (load: OpenLoad) => !closed.includes(load);
    const write: Write = {
      time,
      value,
      hazards: [...new Set([...item.hazards, ...names(still)])].sort(),
      closes: names(closed),
    };
    const writes = new Map(contents.writes);
    writes.set(loc, [...this.#writesOf(loc, contents), write]);
    const own = new Map(thread.own);
    if (isExclusive) own.delete(loc);
    else own.set(loc, time);
    const next: Thread = {
      ...thread,
      known: time,
      released: isRelease ? time : thread.released,
      floors: withEntry(thread.floors, loc, time),
      own,
      pending: thread.pending.filter((other) => other !== item).map((other) => ({
        ...other,
        open: other.open.filter(isOpen),
      })),
      open: thread.open.filter(isOpen),
    };
    return withThread({ ...contents, writes }, part, next);
  }

  /** Whether a read-modify-write of another script has loaded a word and not yet stored to it. */
  #isReserved(part: number, loc: number): boolean {
    return this.#contents.threads.some(({ pending }, other) =>
      other !== part && pending.some((item) => item.isExclusive && item.loc === loc)
    );
  }

  /** Returns the visible stores that a load can return. */
  #visible({ floors }: Thread, loc: number, base: number): readonly Write[] {
    const writes = this.#writesOf(loc);
    const floor = Math.max(base, floors.get(loc) ?? 0);
    const first = writes.findLastIndex(({ time }) => time <= floor);
    return writes.slice(Math.max(first, 0));
  }

  #writesOf(loc: number, { writes } = this.#contents): readonly Write[] {
    return writes.get(loc) ?? [{ time: 0, value: this.#first(loc), hazards: [], closes: [] }];
  }

  #newest(loc: number): Value {
    return this.#writesOf(loc).at(-1)!.value;
  }

  #first(loc: number): Value {
    if (loc < 0) return 0;
    return this.#isWide(loc)
      ? new DataView(this.#initial.buffer).getBigUint64(loc * 4, true)
      : this.#initial[loc]!;
  }

  #locOf(part: number, { word }: Access): number {
    if (word < 0) return -1 - part;
    const pair = word & ~1;
    return this.#isWide(pair) ? pair : word;
  }

  #isWide(loc: number): boolean {
    return this.#options.wide?.includes(loc) ?? false;
  }

  #put(loc: number, value: Value): void {
    if (loc < 0) return;
    if (typeof value === "bigint") this.#data.setBigUint64(loc * 4, value, true);
    else this.#data.setInt32(loc * 4, value, true);
  }

  #take(loc: number): Value {
    if (loc < 0) return 0;
    return this.#isWide(loc)
      ? this.#data.getBigUint64(loc * 4, true)
      : this.#data.getInt32(loc * 4, true);
  }

  #thread(part: number): Thread {
    return this.#contents.threads[part]!;
  }

  #make(contents: Contents): ArmMemory {
    return new ArmMemory(this.#options, this.#initial, contents);
  }

  /** Leaves out stores that no load can return, and numbers the timestamps anew. */
  #normalized({ writes, threads, objects }: Contents): Contents {
    const live = threads.filter(({ isOver }) => !isOver);
    const oldest = Math.min(...live.map(({ view }) => view));
    const { unread } = this.#options;
    const kept = new Map<number, readonly Write[]>();
    const times = new Set<number>();
    for (const [loc, all] of writes) {
      const isUnread = loc < 0 || unread?.includes(loc);
      const floors = live.map(({ view, floors }) => Math.max(view, floors.get(loc) ?? 0));
      const floor = isUnread ? Infinity : Math.min(...floors);
      const first = all.findLastIndex(({ time }) => time <= floor);
      const left = first > 0 ? all.slice(first) : all;
      kept.set(loc, left);
      for (const { time } of left) if (time > oldest) times.add(time);
    }
    const order = [...times].sort((one, other) => one - other);
    // The number of kept times up to this one. What all scripts have in their views is old.
    const rank = (time: number) => {
      let count = 0;
      while (count < order.length && order[count]! <= time) count++;
      return count;
    };
    const ranked = (map: ReadonlyMap<number, number>) => {
      const result = new Map<number, number>();
      for (const [loc, time] of map) if (rank(time) > 0) result.set(loc, rank(time));
      return result;
    };
    return {
      writes: new Map(
        [...kept].map(([loc, all]) => [
          loc,
          all.map((write) => ({ ...write, time: rank(write.time) })),
        ]),
      ),
      threads: threads.map((thread) => ({
        ...thread,
        view: rank(thread.view),
        known: rank(thread.known),
        released: rank(thread.released),
        floors: ranked(thread.floors),
        own: new Map(
          [...thread.own].filter(([_, time]) => times.has(time)).map(([loc, time]) => [
            loc,
            rank(time),
          ]),
        ),
      })),
      objects: new Map([...objects].map(([object, time]) => [object, rank(time)])),
    };
  }

  #describe(): string {
    const { writes, threads, objects } = this.#contents;
    const maps = (map: ReadonlyMap<unknown, unknown>) => [...map].map(String).sort().join(" ");
    const locs = [...writes].map(([loc, all]) =>
      `${loc}=${all.map((one) => [one.time, one.value, ...one.hazards, "/", ...one.closes])}`
    );
    const texts = threads.map((thread) => {
      const { view, known, released, floors, own, pending, open, hazards, isOver } = thread;
      // Open loads matter by their order to the pending stores.
      const items = pending.map((item) => [
        item.loc,
        item.value,
        item.isRelease ? 1 : 0,
        item.isExclusive ? 1 : 0,
        item.open.map((load) => open.indexOf(load)),
        item.hazards,
      ]);
      const loads = open.map(({ loc }) => loc);
      return [view, known, released, maps(floors), maps(own), items, loads, hazards, isOver]
        .join("|");
    });
    return [locs.sort().join(" "), ...texts, maps(objects)].join("\n");
  }
}

function lastTime({ writes }: Contents): number {
  let last = 0;
  for (const all of writes.values()) last = Math.max(last, all.at(-1)!.time);
  return last;
}

function withThread(contents: Contents, part: number, thread: Thread): Contents {
  return { ...contents, threads: contents.threads.with(part, thread) };
}

function withEntry(
  map: ReadonlyMap<number, number>,
  key: number,
  value: number,
): ReadonlyMap<number, number> {
  return (map.get(key) ?? 0) >= value ? map : new Map(map).set(key, value);
}

/** Returns the open loads after one more. */
function opened({ open, pending }: Thread, loc: number): readonly OpenLoad[] {
  const isBefore = (load: OpenLoad) => pending.some((item) => item.open.includes(load));
  const isKnown = open.some((load) => load.loc === loc && !isBefore(load));
  return isKnown ? open : [...open, { loc }];
}

/** Returns the hazards that a script knows after it has loaded a store. */
function observe(hazards: readonly string[], write: Write): readonly string[] {
  if (write.hazards.length === 0 && write.closes.length === 0) return hazards;
  return [...new Set([...hazards, ...write.hazards])]
    .filter((hazard) => !write.closes.includes(hazard)).sort();
}

function isEqual(found: unknown, expected: unknown): boolean {
  if (typeof expected === "bigint") return found === BigInt.asUintN(64, expected);
  return found === (Number(expected) | 0);
}

function nameOf(loc: number): string {
  return loc < 0 ? "the word of the fence" : `word ${loc}`;
}
