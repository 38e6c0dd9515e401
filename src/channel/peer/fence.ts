/**
 * Fences, which order plain accesses to shared memory. With a fence, many bytes can be copied at
 * once, without an `Atomics` access for each word.
 *
 * @module
 */

/** Whether fences of x64 are enough. An import must not throw where there is no Deno. */
const isX64 = typeof Deno !== "undefined" && Deno.build.arch === "x86_64";

/** The word of {@linkcode fence}. No other code reads it: only the store and the load count. */
const word = new Int32Array(1);

/**
 * Orders memory accesses: all accesses of this thread before the fence are done before all accesses
 * after it.
 *
 * JavaScript has no fence, and an atomic access orders only the accesses on one side of it. On
 * ARM64, a processor can do later accesses before an `Atomics.store` (STLR), and earlier accesses
 * after an `Atomics.load` (LDAR). A store and then a load, of any addresses, order both sides:
 *
 * 1. All accesses before the store are done before the store, because it is a release.
 * 2. The store is done before the load. All atomic accesses are sequentially consistent; ARM
 *    guarantees this order for an STLR and a later LDAR of any addresses.
 * 3. All accesses after the load are done after the load, because it is an acquire.
 *
 * So a thread that sees an effect of a later access also sees the effects of all earlier accesses.
 * On x64 the store is an XCHG, which is a full fence by itself.
 *
 * A compiler keeps this order as well. It must not leave out an atomic access, or reorder it with
 * another access, atomic or plain ("Atomics are carved in stone"). V8 keeps to this for every array
 * buffer. The memory model of the specification says nothing about plain accesses that race. So
 * this fence relies on the specification's rules for compilers, and on the two processor types that
 * Windows runs on.
 *
 * @see {@link https://tc39.es/ecma262/multipage/memory-model.html#sec-shared-memory-guidelines}
 * @see {@link https://developer.arm.com/documentation/102336/0100/Load-Acquire-and-Store-Release-instructions}
 */
export function fence(): void {
  Atomics.store(word, 0, 0);
  Atomics.load(word, 0);
}

/**
 * Orders loads: all loads of this thread before the fence are done before all loads after it.
 *
 * An x64 processor does all loads in the order of the program, so there this does nothing. As for
 * {@linkcode fence}, V8 keeps that order, too. A fence would take longer than a copy of 64 bytes.
 */
export const loadFence: () => void = isX64 ? () => {} : fence;

/**
 * Orders all accesses of this thread after its last `Atomics` store: the store is done before them.
 *
 * On x64 such a store is an XCHG, a full fence, so there this does nothing. On ARM64 an
 * `Atomics.load` is enough, as in steps 2 and 3 of {@linkcode fence}.
 */
export const afterStore: () => void = isX64 ? () => {} : () => void Atomics.load(word, 0);
