/**
 * Litmus tests: short programs with known results on ARMv8.
 *
 * Each program has the exact set of its results. The names are those of the literature: message
 * passing (MP), store buffering (SB), load buffering (LB), coherence of reads (CoRR), writes to two
 * words in both orders (2+2W), independent reads of independent writes (IRIW). The results follow
 * from the axioms of ARM's manual (DDI 0487, section B2.3) and its model in the language of herd7.
 *
 * @see {@link https://github.com/herd/herdtools7/blob/master/herd/libdir/aarch64.cat}
 * @see {@link https://www.cl.cam.ac.uk/~pes20/armv8-mca/armv8-mca-draft.pdf} tables of results
 * @module
 */

import { Explorer, type Part } from "./explore.ts";
import { LIBRARY } from "./library.ts";

/** A thread of a litmus test. `x`, `y` and `z` are words, which are 0 at first. */
type Thread = (words: Int32Array<ArrayBuffer>) => readonly unknown[] | void;

/** A litmus test. */
export interface Litmus {
  readonly threads: readonly Thread[];
  /**
   * All results: what the threads return, in their order. With `final`, the last contents of `x` and
   * `y` follow.
   */
  readonly results: readonly string[];
  readonly final?: boolean;
  /** The reason for the results. */
  readonly why: string;
}

const [x, y, z] = [0, 1, 2];

/** The first thread of MP, with a release. */
const send: Thread = (words) => {
  words[x] = 1;
  Atomics.store(words, y, 1);
};

/** The litmus tests by their names. */
export const LITMUS: Readonly<Record<string, Litmus>> = {
  "MP with plain accesses": {
    threads: [
      (words) => {
        words[x] = 1;
        words[y] = 1;
      },
      (words) => [words[y], words[x]],
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "nothing orders the two stores, or the two loads",
  },
  "MP with plain stores and an acquire load": {
    threads: [
      (words) => {
        words[x] = 1;
        words[y] = 1;
      },
      (words) => [Atomics.load(words, y), words[x]],
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "the stores can become visible in any order",
  },
  "MP with a release store and plain loads": {
    threads: [send, (words) => [words[y], words[x]]],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "the loads can be made in any order",
  },
  "MP with a release store and an acquire load": {
    threads: [send, (words) => [Atomics.load(words, y), words[x]]],
    results: ["0 0", "0 1", "1 1"],
    why: "[L] after the store of x, and [A] before the load of x",
  },
  "MP in which the acquire load comes last": {
    threads: [send, (words) => [words[y], Atomics.load(words, x)]],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "an acquire does not order the load before it",
  },
  "MP in which the release store comes first": {
    threads: [
      (words) => {
        Atomics.store(words, x, 1);
        words[y] = 1;
      },
      (words) => [Atomics.load(words, y), Atomics.load(words, x)],
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "a later plain store can overtake a release store",
  },
  "SB with plain accesses": {
    threads: [
      (words) => {
        words[x] = 1;
        return [words[y]];
      },
      (words) => {
        words[y] = 1;
        return [words[x]];
      },
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "a store does not order a later load",
  },
  "SB with release stores and plain loads": {
    threads: [
      (words) => {
        Atomics.store(words, x, 1);
        return [words[y]];
      },
      (words) => {
        Atomics.store(words, y, 1);
        return [words[x]];
      },
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "STLR does not order a later LDR",
  },
  "SB with release stores and one plain load": {
    threads: [
      (words) => {
        Atomics.store(words, x, 1);
        return [words[y]];
      },
      (words) => {
        Atomics.store(words, y, 1);
        return [Atomics.load(words, x)];
      },
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "one thread without order is enough",
  },
  "SB with release stores and acquire loads": {
    threads: [
      (words) => {
        Atomics.store(words, x, 1);
        return [Atomics.load(words, y)];
      },
      (words) => {
        Atomics.store(words, y, 1);
        return [Atomics.load(words, x)];
      },
    ],
    results: ["0 1", "1 0", "1 1"],
    why: "[L]; po; [A] is ordered: LDAR waits for earlier STLR",
  },
  "SB with plain stores and acquire loads": {
    threads: [
      (words) => {
        words[x] = 1;
        return [Atomics.load(words, y)];
      },
      (words) => {
        words[y] = 1;
        return [Atomics.load(words, x)];
      },
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "LDAR does not wait for a plain store",
  },
  "SB with a fence: a release store and an acquire load of another word": {
    threads: [
      (words) => {
        words[x] = 1;
        Atomics.store(words, z, 0);
        Atomics.load(words, z);
        return [words[y]];
      },
      (words) => {
        words[y] = 1;
        Atomics.store(words, z + 1, 0);
        Atomics.load(words, z + 1);
        return [words[x]];
      },
    ],
    results: ["0 1", "1 0", "1 1"],
    why: "po; [L], then [L]; po; [A], then [A]; po",
  },
  "SB with read-modify-writes and plain loads": {
    threads: [
      (words) => {
        Atomics.exchange(words, x, 1);
        return [words[y]];
      },
      (words) => {
        Atomics.exchange(words, y, 1);
        return [words[x]];
      },
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "a plain load can be made between LDAXR and the moment when STLXR becomes visible",
  },
  "SB with read-modify-writes and acquire loads": {
    threads: [
      (words) => {
        Atomics.exchange(words, x, 1);
        return [Atomics.load(words, y)];
      },
      (words) => {
        Atomics.exchange(words, y, 1);
        return [Atomics.load(words, x)];
      },
    ],
    results: ["0 1", "1 0", "1 1"],
    why: "[L]; po; [A] also for STLXR",
  },
  "a plain store that overtakes a read-modify-write": {
    threads: [
      (words) => {
        Atomics.exchange(words, x, 1);
        words[y] = 1;
      },
      (words) => [Atomics.load(words, y), Atomics.load(words, x)],
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "STLXR does not order a later STR",
  },
  "a compare-and-swap that fails": {
    threads: [
      (words) => {
        words[x] = 1;
        Atomics.compareExchange(words, z, 5, 6);
        return [words[y]];
      },
      (words) => {
        Atomics.store(words, y, 1);
        return [Atomics.load(words, x)];
      },
    ],
    results: ["0 0", "0 1", "1 0", "1 1"],
    why: "without STLXR there is no release",
  },
  "two read-modify-writes of one word": {
    threads: [
      (words) => [Atomics.add(words, x, 1)],
      (words) => [Atomics.add(words, x, 1)],
    ],
    results: ["0 1 / 2 0", "1 0 / 2 0"],
    final: true,
    why: "no store comes between LDAXR and STLXR",
  },
  "CoRR: two plain loads of one word": {
    threads: [
      (words) => {
        words[x] = 1;
      },
      (words) => [words[x], words[x]],
    ],
    results: ["0 0", "0 1", "1 1"],
    why: "the loads of one word are coherent",
  },
  "CoWR: a load after an own store": {
    threads: [
      (words) => {
        words[x] = 1;
        return [words[x]];
      },
      (words) => {
        words[x] = 2;
      },
    ],
    results: ["1 / 1 0", "1 / 2 0", "2 / 2 0"],
    final: true,
    why: "a load returns the own store, or one that comes after it",
  },
  "2+2W with plain stores": {
    threads: [
      (words) => {
        words[x] = 1;
        words[y] = 2;
      },
      (words) => {
        words[y] = 1;
        words[x] = 2;
      },
    ],
    results: ["/ 1 1", "/ 1 2", "/ 2 1", "/ 2 2"],
    final: true,
    why: "the stores of a thread can become visible in any order",
  },
  "2+2W with release stores": {
    threads: [
      (words) => {
        words[x] = 1;
        Atomics.store(words, y, 2);
      },
      (words) => {
        words[y] = 1;
        Atomics.store(words, x, 2);
      },
    ],
    results: ["/ 1 2", "/ 2 1", "/ 2 2"],
    final: true,
    why: "po; [L] orders the stores of both threads",
  },
  "IRIW with acquire loads": {
    threads: [
      (words) => {
        words[x] = 1;
      },
      (words) => {
        words[y] = 1;
      },
      (words) => [Atomics.load(words, x), Atomics.load(words, y)],
      (words) => [Atomics.load(words, y), Atomics.load(words, x)],
    ],
    results: without("1 0 1 0"),
    why: "a store becomes visible to all other threads at the same time",
  },
  "IRIW with plain loads": {
    threads: [
      (words) => {
        Atomics.store(words, x, 1);
      },
      (words) => {
        Atomics.store(words, y, 1);
      },
      (words) => [words[x], words[y]],
      (words) => [words[y], words[x]],
    ],
    results: without(""),
    why: "the loads of a thread can be made in any order",
  },
  "ISA2: a release that is passed on by another thread": {
    threads: [
      send,
      (words) => {
        const found = Atomics.load(words, y);
        if (found === 1) Atomics.store(words, z, 1);
      },
      (words) => [Atomics.load(words, z), words[x]],
    ],
    results: ["0 0", "0 1", "1 1"],
    why: "the order of releases and acquires is transitive",
  },
  "WRC: a plain store that is passed on": {
    threads: [
      (words) => {
        words[x] = 1;
      },
      (words) => {
        const found = words[x];
        if (found === 1) Atomics.store(words, y, 1);
      },
      (words) => [Atomics.load(words, y), words[x]],
    ],
    results: ["0 0", "0 1", "1 1"],
    why: "a release also orders earlier loads, and all threads see a store at once",
  },
  "PPOCA: a load-acquire of an own plain store": {
    threads: [
      send,
      (words) => {
        const found = Atomics.load(words, y);
        words[z] = 1;
        return [found, Atomics.load(words, z), words[x]];
      },
    ],
    results: ["0 1 0", "0 1 1", "1 1 1"],
    why: "the first acquire orders the load of x in any case",
  },
  "MP in which the acquire load returns an own store": {
    threads: [
      send,
      (words) => {
        const found = words[y];
        words[z] = 1;
        return [found, Atomics.load(words, z), words[x]];
      },
    ],
    results: ["0 1 0", "0 1 1", "1 1 0", "1 1 1"],
    why: "LDAR can return a store that is not visible yet; it does not order the earlier load",
  },
};

/** The second thread of LB. */
const sendBack: Thread = (words) => {
  const found = Atomics.load(words, y);
  if (found === 1) Atomics.store(words, x, 1);
  return [found];
};

/** Programs in which a plain load could be made after a later store: the model refuses these. */
export const LOAD_BUFFERING: Readonly<Record<string, { threads: Thread[]; refused: boolean }>> = {
  "LB with plain accesses": {
    threads: [
      (words) => {
        const found = words[x];
        words[y] = 1;
        return [found];
      },
      sendBack,
    ],
    refused: true,
  },
  "LB with a release store after the load": {
    threads: [
      (words) => {
        const found = words[x];
        Atomics.store(words, y, 1);
        return [found];
      },
      sendBack,
    ],
    refused: false,
  },
  "LB with a release store, and a plain store that overtakes it": {
    threads: [
      (words) => {
        const found = words[x];
        Atomics.store(words, z, 1);
        words[y] = 1;
        return [found];
      },
      sendBack,
    ],
    refused: true,
  },
  "LB with a fence": {
    threads: [
      (words) => {
        const found = words[x];
        Atomics.store(words, z, 0);
        Atomics.load(words, z);
        words[y] = 1;
        return [found];
      },
      sendBack,
    ],
    refused: false,
  },
};

/** Explores a litmus test. Returns all results, in alphabetical order. */
export async function resultsOf({ threads, final = false }: Pick<Litmus, "threads" | "final">) {
  const results = new Set<string>();
  const parts: Part[] = threads.map((thread) => ({
    script: (_, run, buffer) => {
      const found = thread(new Int32Array(buffer));
      run.note((found ?? []).join(" "));
    },
  }));
  await new Explorer(LIBRARY, {
    memory: new Int32Array(4),
    parts,
    check: (notes, _, memory) => {
      const texts = notes.flat().filter((note) => note !== "");
      if (final) texts.push(`/ ${memory[x]} ${memory[y]}`);
      results.add(texts.join(" "));
    },
  }, { order: "arm" }).explore();
  return [...results].sort();
}

/** Returns all combinations of four zeros and ones, except one. */
function without(except: string): string[] {
  const all = Array.from(
    { length: 16 },
    (_, bits) => [8, 4, 2, 1].map((bit) => bits & bit ? 1 : 0).join(" "),
  );
  return all.filter((result) => result !== except);
}
