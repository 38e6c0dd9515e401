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
 * Rules for stores. A store becomes visible at once, or it is pending until a later store has
 * overtaken it. (A store that is not overtaken need not be pending: loads can return old values.)
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
 * A fence of the library uses a word that no other script reads. So its store needs no timestamp of
 * its own: it comes right after all that the script has loaded and stored. A later moment would only
 * leave fewer results to the loads after it.
 *
 * Calls of the system take and release a lock of the kernel. So a call begins only when no store of
 * its script is pending. A wait learns what the script knew that has set the event, or that has died.
 *
 * A kill stops a script between two of its accesses, and makes all its pending stores visible. On
 * the machine, some of them can become visible later. But only the system tells that a process has
 * ended, and a lock of the kernel comes between: then all of them are visible. Before that, no script
 * can tell a script that was killed from one that is slow. So a kill in this model is the moment when
 * the last store of the script becomes visible.
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
  /** Whether this store must not become visible before a later one has overtaken it. */
  readonly isHeld: boolean;
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
  /**
   * Words whose plain loads decide what is done next. By this dependency no later store can come
   * before such a load. @default none
   */
  readonly branched?: readonly number[] | undefined;
  /** Maximum number of stores of all scripts that are overtaken. @default Infinity */
  readonly maxOvertaken?: number | undefined;
}

interface Contents {
  readonly writes: ReadonlyMap<number, readonly Write[]>;
  readonly threads: readonly Thread[];
  readonly objects: ReadonlyMap<string, number>;
  /** The timestamps of the release stores after open loads, by the names of the loads. */
  readonly closed: ReadonlyMap<string, number>;
  /** The number of stores that were overtaken, or will be. */
  readonly overtaken: number;
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
        closed: new Map(),
        overtaken: 0,
      }
      : this.#normalized(contents);
  }

  get key(): string {
    return this.#key ??= this.#describe();
  }

  get isImpossible(): boolean {
    return this.#contents.threads.some(({ pending }) => pending.some(({ isHeld }) => isHeld));
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
    if (STORES.includes(access.method)) return this.#store(part, loc, access, make);
    return this.#modify(part, loc, access, make);
  }

  isLocal(_part: number, { isWrite, method, word }: Access): boolean {
    return isWrite && STORES.includes(method) && this.#isUnread(word);
  }

  ownSteps(part: number): MemoryStep[] {
    const steps: MemoryStep[] = [];
    for (const item of this.#thread(part).pending) {
      if (item.isHeld || this.#isBlocked(this.#contents, part, item)) continue;
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

  end(part: number, isKilled: boolean): ModelMemory {
    if (this.#thread(part).isOver) return this;
    let contents = this.#contents;
    for (let [item] = this.#thread(part).pending; item !== undefined;) {
      contents = this.#perform(contents, part, item);
      [item] = contents.threads[part]!.pending;
    }
    const objects = new Map(contents.objects);
    objects.set(processObject(part + 1), contents.threads[part]!.known);
    const over = { ...NEW_THREAD, isOver: true };
    const left = isKilled ? withoutLoadsOf(contents, part) : contents;
    return this.#make(withThread({ ...left, objects }, part, over));
  }

  #load(part: number, loc: number, { isAtomic }: Access, make: () => unknown): MemoryStep[] {
    const thread = this.#thread(part);
    // Rule 6.
    if (isAtomic && thread.pending.some(({ isRelease }) => isRelease)) return [];
    if (loc < 0 && !isAtomic) return [this.#found(loc, 0, make, this.#contents)];
    const isOrdered = isAtomic || this.#isUnread(loc) || this.#options.branched?.includes(loc);
    const open = isOrdered ? thread.open : opened(thread, loc);
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
        hazards: this.#observed(thread, write),
      });
      return this.#found(loc, write.value, make, next);
    });
  }

  #found(loc: number, value: Value, make: () => unknown, next: Contents): MemoryStep {
    this.#put(loc, value);
    const result = make();
    const text = `loads ${nameOf(loc)} -> ${result}`;
    return { text, value: result, memory: this.#make(next), isQuiet: true };
  }

  #store(part: number, loc: number, { isAtomic }: Access, make: () => unknown): MemoryStep[] {
    const thread = this.#thread(part);
    // A store of some bytes keeps the other bytes of the word.
    this.#put(loc, thread.pending.findLast((item) => item.loc === loc)?.value ?? this.#newest(loc));
    const result = make();
    // An end without Atomics: nothing that another script can see.
    if (loc < 0 && !isAtomic) {
      return [{ text: "stores nothing", value: result, memory: this, isQuiet: true }];
    }
    const item = this.#pending(thread, loc, { isRelease: isAtomic, isExclusive: false });
    const text = `${isAtomic ? "releases" : "stores"} ${nameOf(loc)} = ${item.value}`;
    return this.#issue(this.#contents, part, item, { text, value: result });
  }

  /** Returns the steps that make a new store: it becomes visible at once, or it is pending. */
  #issue(
    contents: Contents,
    part: number,
    item: Pending,
    { text, value }: { text: string; value: unknown },
  ): MemoryStep[] {
    const thread = contents.threads[part]!;
    const { overtaken } = contents;
    const withItem = (item: Pending) =>
      withThread(contents, part, { ...thread, pending: [...thread.pending, item] });
    const pending = (next: Contents) => {
      const isQuiet = !item.isExclusive;
      return { text: `${text}, which is pending`, value, memory: this.#make(next), isQuiet };
    };
    const issued = withItem(item);
    const isUnread = this.#isUnread(item.loc);
    const steps = this.#isBlocked(issued, part, item) ? [pending(issued)] : [{
      text,
      value,
      memory: this.#make(this.#perform(issued, part, item)),
      isQuiet: isUnread,
    }];
    if (!isUnread && overtaken < (this.#options.maxOvertaken ?? Infinity)) {
      const held = withItem({ ...item, isHeld: true });
      if (steps[0]!.text === text) steps.push(pending({ ...held, overtaken: overtaken + 1 }));
    }
    return steps;
  }

  /** Returns whether a pending store must wait for other stores. */
  #isBlocked({ threads }: Contents, part: number, item: Pending): boolean {
    const { pending } = threads[part]!;
    const before = pending.slice(0, pending.indexOf(item));
    return (item.isRelease && before.length > 0) || before.some(({ loc }) => loc === item.loc) ||
      (!item.isExclusive && this.#isReserved(part, item.loc));
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
      hazards: this.#observed(thread, write),
    };
    const item = this.#pending(reading, loc, { isRelease: isAtomic, isExclusive: true });
    const text = `${method} ${nameOf(loc)}: ${result} becomes ${item.value}`;
    const contents = withThread(this.#contents, part, reading);
    return [...steps, ...this.#issue(contents, part, item, { text, value: result })];
  }

  /** Returns a pending store of the value that is now in the watched memory. */
  #pending(
    { open, hazards }: Thread,
    loc: number,
    kind: Pick<Pending, "isRelease" | "isExclusive">,
  ): Pending {
    return { loc, value: this.#take(loc), ...kind, isHeld: false, open, hazards };
  }

  /** Makes a pending store visible. */
  #perform(contents: Contents, part: number, item: Pending): Contents {
    const { loc, value, isRelease, isExclusive } = item;
    const thread = contents.threads[part]!;
    // A store that no other script sees counts as one right after what this script knows.
    const isUnread = this.#isUnread(loc);
    const time = isUnread ? thread.known : lastTime(contents) + 1;
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
    writes.set(loc, isUnread ? [write] : [...this.#writesOf(loc, contents), write]);
    const own = new Map(thread.own);
    if (isExclusive || isUnread) own.delete(loc);
    else own.set(loc, time);
    const place = thread.pending.indexOf(item);
    const next: Thread = {
      ...thread,
      known: time,
      released: isRelease ? time : thread.released,
      floors: withEntry(thread.floors, loc, time),
      own,
      pending: thread.pending.filter((other) => other !== item).map((other, index) => ({
        ...other,
        isHeld: other.isHeld && index >= place,
        open: other.open.filter(isOpen),
      })),
      open: thread.open.filter(isOpen),
    };
    const times = new Map(contents.closed);
    for (const name of write.closes) times.set(name, time);
    return withThread({ ...contents, writes, closed: times }, part, next);
  }

  /** Whether a read-modify-write of another script has loaded a word and not yet stored to it. */
  #isReserved(part: number, loc: number): boolean {
    return this.#contents.threads.some(({ pending }, other) =>
      other !== part && pending.some((item) => item.isExclusive && item.loc === loc)
    );
  }

  /** Returns the hazards that a script knows after it has loaded a store. */
  #observed({ hazards, view }: Thread, { time, hazards: added, closes }: Write): readonly string[] {
    if (added.length === 0 && closes.length === 0) return hazards;
    const { closed } = this.#contents;
    // The script has acquired a release store that came later than the hazard.
    const isOver = (name: string) => (closed.get(name) ?? 0) > time && closed.get(name)! <= view;
    return [...new Set([...hazards, ...added.filter((name) => !isOver(name))])]
      .filter((name) => !closes.includes(name)).sort();
  }

  #isUnread(loc: number): boolean {
    return loc < 0 || (this.#options.unread?.includes(loc) ?? false);
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
  #normalized({ writes, threads, objects, closed, overtaken }: Contents): Contents {
    const live = threads.filter(({ isOver }) => !isOver);
    const oldest = Math.min(...live.map(({ view }) => view));
    const kept = new Map<number, readonly Write[]>();
    const times = new Set<number>();
    for (const [loc, all] of writes) {
      const isUnread = this.#isUnread(loc);
      const floors = live.map(({ view, floors }) => Math.max(view, floors.get(loc) ?? 0));
      const floor = isUnread ? Infinity : Math.min(...floors);
      const first = all.findLastIndex(({ time }) => time <= floor);
      const left = first > 0 ? all.slice(first) : all;
      kept.set(loc, left);
      for (const { time } of left) if (time > oldest) times.add(time);
    }
    for (const time of closed.values()) if (time > oldest) times.add(time);
    // What all scripts have in their views is old, and has rank 0.
    const order = [...times].sort((one, other) => one - other);
    const rank = (time: number) => {
      let count = order.length;
      while (count > 0 && order[count - 1]! > time) count--;
      return count;
    };
    const firsts = new Map<number, number>();
    const ranked = new Map<number, readonly Write[]>();
    for (const [loc, all] of kept) {
      firsts.set(loc, all[0]!.time);
      ranked.set(
        loc,
        all.map(({ time, hazards, ...write }) => ({
          ...write,
          time: rank(time),
          hazards: hazards.filter((name) => {
            const end = closed.get(name) ?? 0;
            return !(end > time && end <= oldest);
          }),
        })),
      );
    }
    const newClosed = new Map<string, number>();
    for (const [name, time] of closed) if (time > oldest) newClosed.set(name, rank(time));
    return {
      writes: ranked,
      threads: threads.map((thread) => {
        const { view, known, released, floors, own } = thread;
        const newFloors = new Map<number, number>();
        for (const [loc, time] of floors) {
          // A lower floor changes nothing.
          if (time > view && time > (firsts.get(loc) ?? 0)) newFloors.set(loc, rank(time));
        }
        const newOwn = new Map<number, number>();
        for (const [loc, time] of own) {
          if (time > view && times.has(time)) newOwn.set(loc, rank(time));
        }
        return {
          ...thread,
          view: rank(view),
          known: rank(Math.max(known, view)),
          released: rank(Math.max(released, view)),
          floors: newFloors,
          own: newOwn,
        };
      }),
      objects: new Map([...objects].map(([object, time]) => [object, rank(time)])),
      closed: newClosed,
      overtaken,
    };
  }

  #describe(): string {
    const { writes, threads, objects, closed, overtaken } = this.#contents;
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
        item.isHeld ? 1 : 0,
        item.open.map((load) => open.indexOf(load)),
        item.hazards,
      ]);
      const loads = open.map(({ loc }) => loc);
      return [view, known, released, maps(floors), maps(own), items, loads, hazards, isOver]
        .join("|");
    });
    return [locs.sort().join(" "), ...texts, maps(objects), maps(closed), overtaken].join("\n");
  }
}

function lastTime({ writes }: Contents): number {
  let last = 0;
  for (const all of writes.values()) last = Math.max(last, all.at(-1)!.time);
  return last;
}

/**
 * Leaves out the open loads of a script that was killed. If another script stores to such a word
 * before the kill, the model refuses that.
 */
function withoutLoadsOf(contents: Contents, part: number): Contents {
  const isOther = (name: string) => !name.startsWith(`${part + 1}:`);
  const writes = [...contents.writes].map(([loc, all]) =>
    [
      loc,
      all.map((write) => ({
        ...write,
        hazards: write.hazards.filter(isOther),
        closes: write.closes.filter(isOther),
      })),
    ] as const
  );
  return {
    ...contents,
    writes: new Map(writes),
    threads: contents.threads.map((thread) => ({
      ...thread,
      hazards: thread.hazards.filter(isOther),
      pending: thread.pending.map((item) => ({ ...item, hazards: item.hazards.filter(isOther) })),
    })),
    closed: new Map([...contents.closed].filter(([name]) => isOther(name))),
  };
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

function isEqual(found: unknown, expected: unknown): boolean {
  if (typeof expected === "bigint") return found === BigInt.asUintN(64, expected);
  return found === (Number(expected) | 0);
}

function nameOf(loc: number): string {
  return loc < 0 ? "the word of the fence" : `word ${loc}`;
}
