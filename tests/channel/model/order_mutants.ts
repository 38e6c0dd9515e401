/**
 * `Atomics` accesses that must not be plain accesses on ARM64, and those that could be.
 *
 * @module
 */

import type { AccessSite } from "./access_site.ts";
import type { ORDER_SCENARIOS } from "./order_scenarios.ts";

/** A fault: an access that is plain instead, and the scenario in which the model finds the fault. */
export interface OrderMutant {
  readonly site: AccessSite;
  readonly scenario: keyof typeof ORDER_SCENARIOS;
}

const RING = "a ring: the third message takes the room of the first";
const MANY = "a ring for many senders: two senders";
const BROADCAST = "a broadcast ring: a receiver, and a sender that overwrites";
const FRAMES = "frames: a writer that uses two slots again, and a reader";
const LOCK = "a lock: two threads that take it at once if it is free";
const NEXT = "a place: a sender of a ring that leaves or is killed, and the next one";
const DEAD = "a place: the next sender of a ring, and a receiver that publishes for a dead one";
const READERS = "a reader-writer lock: a writer that waits until a reader leaves";
const VALUES = "a latest value: two copies";
const OLD = "a latest value: a reader of an old value, and a writer that uses its slot again";

/** Faults by their descriptions. */
export const ORDER_MUTANTS: Readonly<Record<string, OrderMutant>> = {
  "a reader loads the newest number plainly": {
    scenario: VALUES,
    site: "channel/latest/layout.ts: const number = Atomics.load(words, NEWEST);",
  },
  "a writer stores the newest number plainly": {
    scenario: VALUES,
    site: "channel/latest/layout.ts: Atomics.store(words, NEWEST, number);",
  },
  "the load after a writer's store of the newest number has no acquire": {
    scenario: OLD,
    site: "channel/peer/memory.ts: export const afterStore: () => void = IS_X64 ? () => {} : " +
      "() => void Atomics.load(word, 0); in channel/latest/layout.ts: afterStore();",
  },
  "the fence of a reader has no release": {
    scenario: OLD,
    site: "channel/peer/memory.ts: Atomics.store(word, 0, 0); " +
      "in channel/latest/layout.ts: loadFence();",
  },
  "a sender stores the tail plainly": {
    scenario: RING,
    site: "channel/ring/writer.ts: Atomics.store(this.#words, WORD.tail, this.#published);",
  },
  "a receiver stores the head plainly, so that its loads of the message can come later": {
    scenario: RING,
    site: "channel/ring/reader.ts: Atomics.store(this.#words, WORD.head, this.#head);",
  },
  "a receiver loads the tail plainly": {
    scenario: RING,
    site: "channel/ring/reader.ts: const tail = Atomics.load(this.#words, WORD.tail);",
  },
  "a sender announces plainly": {
    scenario: BROADCAST,
    site: "channel/broadcast/sender.ts: " +
      "Atomics.store(this.#positions, POSITION.announced, BigInt(this.#announced));",
  },
  "a sender publishes the newest position plainly": {
    scenario: BROADCAST,
    site: "channel/broadcast/sender.ts: " +
      "Atomics.store(this.#positions, POSITION.newest, BigInt(this.#newest));",
  },
  "the fence after an announcement has no acquire": {
    scenario: BROADCAST,
    site: "channel/peer/memory.ts: Atomics.load(word, 0); in channel/broadcast/sender.ts: fence();",
  },
  "the fence of a receiver has no release": {
    scenario: BROADCAST,
    site: "channel/peer/memory.ts: Atomics.store(word, 0, 0); " +
      "in channel/broadcast/receiver.ts: loadFence();",
  },
  "a sender loads the head plainly": {
    scenario: RING,
    site: "channel/ring/writer.ts: const head = Atomics.load(this.#words, WORD.head);",
  },
  "a reader pins a slot plainly": {
    scenario: FRAMES,
    site: "channel/frame/reader.ts: Atomics.store(this.#words, this.#place.pin, slot + 1);",
  },
  "a reader looks plainly whether its slot is still the newest": {
    scenario: FRAMES,
    site: "channel/frame/layout.ts: " +
      "const slot = Atomics.load(this.header.words, NEWEST) - 1; in " +
      "channel/frame/reader.ts: const isMoved = this.#slots.newest !== slot;",
  },
  "a reader gives a slot back plainly": {
    scenario: FRAMES,
    site: "channel/frame/reader.ts: Atomics.store(this.#words, this.#place.pin, NO_PIN);",
  },
  "a writer publishes a frame plainly": {
    scenario: "frames: a writer that publishes one frame, and a reader",
    site: "channel/frame/latest.ts: " +
      "Atomics.store(this.#slots.header.words, NEWEST, slot + 1);",
  },
  "a thread takes a free lock without acquire": {
    scenario: LOCK,
    site: "sync/shared_lock/word.ts: " +
      "if (Atomics.compareExchange(words, HOLDER, free, held) !== free) return false;",
  },
  "a thread that has waited takes a lock without acquire": {
    scenario: "a lock: two threads that wait for it",
    site: "sync/shared_lock/word.ts: " +
      "if (Atomics.compareExchange(words, HOLDER, word, held) !== word) continue;",
  },
  "a thread releases a lock without release": {
    scenario: LOCK,
    site: "sync/shared_lock/word.ts: " +
      "if (Atomics.compareExchange(words, HOLDER, held, free) === held) return;",
  },
  "a thread releases a lock without release, and wakes another one": {
    scenario: LOCK,
    site: "sync/shared_lock/word.ts: " +
      "if (Atomics.compareExchange(words, HOLDER, waited, free) === waited) this.#wake();",
  },
  "an end takes a place plainly": {
    scenario: NEXT,
    site: "channel/peer/place.ts: " +
      "if (Atomics.compareExchange(owners, place.owner, owner, machine.self) === owner) return;",
  },
  "an end leaves its place plainly": {
    scenario: NEXT,
    site: "channel/peer/place.ts: " +
      "Atomics.compareExchange(owners, place.owner, machine.self, NOBODY);",
  },
  "an end looks plainly whether its peer was closed": {
    scenario: "a place: a sender of a ring that leaves or is killed, and a receiver",
    site: "channel/peer/place.ts: " +
      "return this.#words[state] === CLOSED && Atomics.load(this.#words, state) === CLOSED &&",
  },
  "a receiver loads a dead sender's committed position plainly": {
    scenario: DEAD,
    site: "channel/ring/reader.ts: const committed = Atomics.load(this.#words, WORD.committed);",
  },
  "a receiver publishes a dead sender's messages plainly": {
    scenario: DEAD,
    site: "channel/ring/reader.ts: " +
      "if (isSame()) Atomics.compareExchange(this.#words, WORD.tail, tail, committed);",
  },
  "a thread looks plainly at the start time of a lock's holder": {
    scenario: LOCK,
    site: "sync/shared_lock/word.ts: const start = Atomics.load(this.#words, START);",
  },
  "a thread that takes a lock stores its start time plainly": {
    scenario: LOCK,
    site: "sync/shared_lock/word.ts: else Atomics.store(words, START, this.#start);",
  },
  "a reader of a lock stores its start time plainly": {
    scenario: READERS,
    site: "sync/shared_lock/read_write_lock.ts: else Atomics.store(words, at + START, start);",
  },
  "a reader with a place looks at the gate plainly": {
    scenario: READERS,
    site: "sync/shared_lock/word.ts: " +
      "const process = Atomics.load(this.#words, HOLDER) & PROCESS; in " +
      "sync/shared_lock/read_write_lock.ts: if (this.gate.holder === undefined) return place;",
  },
  "a reader leaves a place of a lock plainly": {
    scenario: READERS,
    site: "sync/shared_lock/read_write_lock.ts: " +
      "Atomics.compareExchange(words, at, process, 0);",
  },
  "a reader that leaves looks plainly whether a writer sleeps": {
    scenario: READERS,
    site: "sync/shared_lock/read_write_lock.ts: if (Atomics.load(words, SLEEPING) === 0) return;",
  },
  "a writer looks at the places of readers plainly": {
    scenario: READERS,
    site: "sync/shared_lock/read_write_lock.ts: if (Atomics.load(words, at) === 0) return true;",
  },
  "a writer notes plainly that it sleeps": {
    scenario: READERS,
    site: "sync/shared_lock/read_write_lock.ts: Atomics.store(this.#words, SLEEPING, 1);",
  },
  "a sender looks at the producer lock plainly": {
    scenario: MANY,
    site: "channel/ring/many/shared_writer.ts: " +
      "const word = Atomics.load(this.#words, WORD.producerLock);",
  },
  "a sender takes and releases the producer lock without acquire and release": {
    scenario: MANY,
    site: "channel/ring/many/shared_writer.ts: " +
      "if (Atomics.compareExchange(this.#words, WORD.producerLock, from, to) !== from) return false;",
  },
  "an end looks at its peer's wake flag plainly": {
    scenario: MANY,
    site: "channel/peer/wake.ts: if (Atomics.load(this.#words, this.#index) === AWAKE) return;",
  },
  "a reader raises its bit of the wake flags plainly": {
    scenario: "wake events: a reader that sleeps until the last value",
    site: "channel/peer/wake.ts: Atomics.or(this.#words, this.#word, this.#bit);",
  },
  "an end raises its wake flag plainly": {
    scenario: MANY,
    site: "channel/peer/wake.ts: Atomics.store(this.#words, this.#index, ASLEEP);",
  },
};

const GATE = "the writer has the gate: a reader that goes on has stored its words before";
const PLACE =
  "the compare-and-swap of the place, or the system, orders the last owner's stores before";
/** Accesses that could be plain in these scenarios, and the reason. */
export const COULD_BE_PLAIN: Readonly<Record<AccessSite, string>> = {
  "channel/ring/writer.ts: const tail = Atomics.load(this.#words, WORD.tail);":
    "the producer lock orders the tail of the sender before",
  "channel/ring/many/shared_writer.ts: const owner = Atomics.load(this.#owners, place.owner);":
    "the word is read only to ask the system about its process",
  "channel/peer/wake.ts: if (Atomics.exchange(this.#words, this.#index, AWAKE) !== AWAKE) this.event.set();":
    "the load before it has the order; the exchange only lets one peer set the event",
  "channel/peer/wake.ts: Atomics.and(this.#words, this.#word, ~this.#bit);":
    "a reader that is woken once more only looks again",
  "channel/peer/wake.ts: if (Atomics.load(this.#words, word) === 0) continue;":
    "the load before it, after the value was stored, has the order",
  "channel/peer/wake.ts: let bits = Atomics.exchange(this.#words, word, 0);":
    "the load before it has the order; the exchange only lets one writer set the events",
  "channel/peer/wake.ts: Atomics.or(words, BIT_WORDS + this.#word, this.#bit);":
    "the wake flag, which is raised after it, has the order",
  "channel/peer/wake.ts: Atomics.and(this.#words, BIT_WORDS + this.#word, ~this.#bit);":
    "the call that closes the event comes after it",
  "channel/peer/memory.ts: Atomics.store(word, 0, 0); in channel/broadcast/sender.ts: fence();":
    "the announcement before the fence is a release store itself",
  "channel/peer/memory.ts: export const afterStore: () => void = IS_X64 ? () => {} : () => void Atomics.load(word, 0); in channel/peer/wake.ts: afterStore();":
    "a latest value makes the same load before; a broadcast ring needs this one",
  "channel/latest/layout.ts: return Atomics.load(this.#words, NEWEST);":
    "a reader that compares the number copies the value by another load",
  "channel/peer/memory.ts: Atomics.load(word, 0); in channel/latest/layout.ts: loadFence();":
    "the load of the slot's number after it is an acquire itself",
  "sync/shared_lock/read_write_lock.ts: if (Atomics.compareExchange(words, at, 0, process) !== 0) continue;":
    "the store of the reader's start time has the order: it comes before the next look at the gate",
  "sync/shared_lock/read_write_lock.ts: if (Atomics.load(words, at) !== 0) continue;":
    "the compare-and-swap after it decides",
  "sync/shared_lock/word.ts: const process = Atomics.load(this.#words, HOLDER) & PROCESS; in sync/shared_lock/read_write_lock.ts: if (this.gate.holder === undefined) {":
    "the reader looks at the gate again when it has a place",
  "sync/shared_lock/read_write_lock.ts: if (Atomics.exchange(words, SLEEPING, 0) !== 0) {":
    "the load before it has the order; the exchange only lets one reader set the event",
  "sync/shared_lock/read_write_lock.ts: return Atomics.exchange(this.#words, WRITING, 1) !== 0;":
    "the gate orders it, and a death is known only when all stores of the dead are visible",
  "sync/shared_lock/read_write_lock.ts: Atomics.store(this.#words, WRITING, 0);":
    "the release of the gate after it orders it",
  "sync/shared_lock/read_write_lock.ts: const start = Atomics.load(this.#words, at + START);": GATE,
  "sync/shared_lock/read_write_lock.ts: const thread = Atomics.load(this.#words, at + THREAD);":
    GATE,
  "sync/shared_lock/read_write_lock.ts: return { process: Atomics.load(this.#words, at + PROCESS), start, thread };":
    GATE,
  "sync/shared_lock/word.ts: const word = Atomics.load(words, HOLDER);":
    "the compare-and-swap after it decides",
  "sync/shared_lock/read_write_lock.ts: return Atomics.load(this.#words, WRITING) !== 0;":
    "the thread has taken the lock before",
  "sync/shared_lock/read_write_lock.ts: if (Atomics.compareExchange(words, at + START, start, 0) !== start) return false;":
    "the reader is dead, and the compare-and-swap of the place comes after it",
  "sync/shared_lock/read_write_lock.ts: return Atomics.compareExchange(words, at, before.process, 0) === before.process;":
    "the reader is dead: no access of it must come before",
  "sync/shared_lock/word.ts: const thread = Atomics.load(this.#words, THREAD);":
    "the load of the start time before it is an acquire",
  "sync/shared_lock/word.ts: const word = Atomics.load(this.#words, HOLDER);":
    "the compare-and-swap after it decides",
  "sync/shared_lock/word.ts: return Atomics.compareExchange(this.#words, HOLDER, word, word | WAITING) === word;":
    "the release changes the same word, and the changes of one word have one order",
  "sync/shared_lock/word.ts: return Atomics.compareExchange(this.#words, START, start, 0) === start;":
    "the compare-and-swap of the holder after it has the order",
  "channel/peer/place.ts: const owner = Atomics.load(owners, place.owner);":
    "the compare-and-swap after it decides",
  "channel/peer/place.ts: Atomics.store(words, place.state, CLOSED);":
    "the compare-and-swap of the owner after it has the order",
  "channel/peer/place.ts: return Atomics.load(this.#owners, this.#place.owner) === this.#owner;":
    "the load of the committed position before it is an acquire",
  "channel/peer/place.ts: if (!this.isSame()) this.#meet(Atomics.load(this.#owners, this.#place.owner));":
    "the word is read only to ask the system about its process",
  "channel/peer/place.ts: Atomics.load(this.#words, owner * 2) === 0;":
    "the load of the state before it is an acquire",
  "channel/ring/reader.ts: this.#head = Atomics.load(this.#words, WORD.consumed);": PLACE,
  "channel/ring/reader.ts: this.#published = Atomics.load(this.#words, WORD.head);": PLACE,
  "channel/ring/writer.ts: this.#goTo(Atomics.load(this.#words, WORD.committed));": PLACE,
  "channel/ring/writer.ts: this.#published = Atomics.load(this.#words, WORD.tail);": PLACE,
  "channel/ring/writer.ts: this.#head = Atomics.load(this.#words, WORD.head);": PLACE,
  "channel/broadcast/layout.ts: const position = Number(Atomics.load(positions, index)); in channel/broadcast/sender.ts: this.#announced = readPosition(this.#positions, POSITION.announced);":
    PLACE,
  "channel/broadcast/layout.ts: const position = Number(Atomics.load(positions, index)); in channel/broadcast/sender.ts: this.#published = readPosition(this.#positions, POSITION.newest);":
    PLACE,
  "channel/broadcast/sender.ts: return newest + ((Atomics.load(header, WORD.committed) - newest) >>> 0);":
    PLACE,
  "channel/latest/layout.ts: if (Atomics.load(words, slot) === number) return number;":
    "the fence before it has the order",
  "channel/latest/layout.ts: Atomics.store(this.#words, slot, 0);":
    "no reader has the number of such a slot: each publication clears the next slot in advance",
  "channel/frame/layout.ts: const slot = Atomics.load(this.header.words, NEWEST) - 1; in channel/frame/latest.ts: this.#newest = slots.newest;":
    PLACE,
  "channel/frame/layout.ts: const slot = Atomics.load(this.header.words, NEWEST) - 1; in channel/frame/reader.ts: const slot = this.#slots.newest;":
    "the second look, after the slot is pinned, has the order",
  "channel/frame/latest.ts: const pin = Atomics.load(this.#slots.header.words, this.#places[index]!.pin);":
    "the writer stores to a slot only after a branch that depends on this load",
};

const DEATHS = "it is about the deaths of many ends, which only `test:model` has";
const ONE_WORD = "the access decides about its own word only";
const OPENING = "no scenario opens new memory";

/** Accesses that no scenario makes in a way that a fault could show, and the reason. */
export const NOT_MODELLED: Readonly<Record<AccessSite, string>> = {
  "channel/ring/reader.ts: Atomics.load(this.#words, SENDER.sleeping) === ASLEEP;": ONE_WORD,
  "channel/peer/wake.ts: Atomics.store(this.#words, this.#index, AWAKE);":
    "an end that is woken once more only looks again",
  "channel/peer/wake.ts: if (bits !== 0) Atomics.or(this.#words, word, bits);":
    "no call of the system fails in the scenarios",
  "channel/peer/wake.ts: let bits = Atomics.load(this.#words, BIT_WORDS + word);":
    "only a writer that takes its place makes it, which `test:model` has",
  "channel/ring/many/shared_writer.ts: Atomics.add(words, WORD.changes, 1);": DEATHS,
  "channel/ring/many/shared_writer.ts: if (Atomics.load(this.#words, WORD.changes) !== this.#changes) this.#count();":
    DEATHS,
  "channel/ring/many/shared_writer.ts: const owner = Atomics.load(this.#owners, index);": DEATHS,
  "channel/ring/many/shared_writer.ts: } else if (Atomics.compareExchange(this.#owners, index, owner, 0n) === owner) {":
    DEATHS,
  "channel/ring/many/shared_writer.ts: this.#changes = Atomics.load(this.#words, WORD.changes);":
    DEATHS,
  "channel/ring/many/shared_writer.ts: const isAny = SENDERS.some(({ owner }) => Atomics.load(this.#owners, owner) !== 0n);":
    DEATHS,
  "channel/ring/many/shared_writer.ts: const who = Atomics.load(this.#words, WORD.producerLock) & WHO;":
    "it is for error messages",
  "channel/ring/many/shared_writer.ts: return place && describeOwner(Atomics.load(this.#owners, place.owner));":
    "it is for error messages",
  "channel/broadcast/layout.ts: Atomics.store(new BigUint64Array(buffer, 0, HEADER_LENGTH / 8), POSITION.announced, 1n);":
    OPENING,
  "channel/broadcast/layout.ts: Atomics.store(words, WORD.magic, MAGIC);": OPENING,
  "channel/broadcast/layout.ts: const magic = Atomics.load(words, WORD.magic);": OPENING,
  'channel/latest/reader.ts: if (Atomics.load(owners, WRITER.owner) !== 0n) return "alive";':
    "it tells the state of the writer, and no data",
  'channel/latest/reader.ts: return Atomics.load(words, WRITER.state) === CLOSED ? "closed" : "none";':
    "it tells the state of the writer, and no data",
  "channel/latest/value.ts: Atomics.store(header.owners, WRITER.owner, 0n);":
    "the writer has a mutex of the system",
  "channel/frame/latest.ts: return Atomics.load(this.#slots.header.owners, this.#places[index]!.owner) === ended;":
    DEATHS,
  "channel/frame/latest.ts: if (Atomics.load(words, pin) === 0) continue;": DEATHS,
  "channel/frame/latest.ts: const found = Atomics.load(owners, owner);": DEATHS,
  "channel/peer/place.ts: return Atomics.load(owners, place.owner) !== NOBODY ||":
    "it tells whether an end was there, and no data",
  "channel/peer/place.ts: Atomics.load(words, place.state) === CLOSED;":
    "it tells whether an end was there, and no data",
  "sync/shared_lock/word.ts: if ((Atomics.load(this.#words, HOLDER) & PROCESS) === 0) {":
    "the threads of the scenarios do not spin; the compare-and-swap after it decides",
  "sync/shared_lock/word.ts: let word = Atomics.load(this.#words, EVENT + index);": ONE_WORD,
  "sync/shared_lock/word.ts: word = Atomics.compareExchange(this.#words, EVENT + index, 0, chosen) || chosen;":
    ONE_WORD,
  "sync/shared_lock/read_write_lock.ts: if (Atomics.load(this.#words, wordOf(place)) !== 0) count++;":
    "it is for error messages",
};
