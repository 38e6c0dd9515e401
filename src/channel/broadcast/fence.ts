/**
 * An order between accesses to memory that are not atomic.
 *
 * JavaScript has no fence, and an atomic access orders only one side of itself: on ARM64, what comes
 * after an `Atomics.store` (STLR) may be done before it, and what comes before an `Atomics.load`
 * (LDAR) after it. A store that is followed by a load orders both sides, wherever the two are:
 *
 * 1. What comes before the store is done before the store. (It is a release.)
 * 2. The store is done before the load. (All atomic accesses are sequentially consistent; ARM says
 *    so of an LDAR after an STLR, of whatever addresses.)
 * 3. What comes after the load is done after the load. (It is an acquire.)
 *
 * So whoever sees an effect of what comes after also sees all that came before. On x64 the store is
 * an XCHG, which is a full fence by itself.
 *
 * A compiler keeps that order as well: it must not reorder atomic accesses with plain ones or with each
 * other, nor leave one out ("Atomics are carved in stone"). V8 holds to this for any array buffer.
 * The specification's model itself says nothing of plain accesses that race: this rests on
 * what it asks of compilers, and on the two processors that Windows runs on.
 *
 * @see {@link https://tc39.es/ecma262/multipage/memory-model.html#sec-shared-memory-guidelines}
 * @see {@link https://developer.arm.com/documentation/102336/0100/Load-Acquire-and-Store-Release-instructions}
 * @module
 */

/** Nobody else looks at it: only that there is a store and a load counts. */
const word = new Int32Array(1);

/** Has all accesses before it, in this thread, done before all that come after it. */
export function fence(): void {
  Atomics.store(word, 0, 0);
  Atomics.load(word, 0);
}
