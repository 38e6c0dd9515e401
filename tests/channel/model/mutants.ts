/**
 * What could be missing in the library, and has to be found.
 *
 * @module
 */

import type { Change } from "./library_copy.ts";
import type { SCENARIOS } from "./scenarios.ts";

/** A change for the worse. */
export interface Mutant extends Change {
  /** In which scenario it is found. */
  readonly scenario: keyof typeof SCENARIOS;
}

/** Changes for the worse, by what they are. */
export const MUTANTS: Readonly<Record<string, Mutant>> = {
  "no second look before sleeping, sync": {
    scenario: "sendSync() into a full ring, receiveSync()",
    file: "src/channel/peer/wait.ts",
    from: "const left = timeLeft(deadline);\n      const ready = isReady();",
    to: "const left = timeLeft(deadline);\n      const ready = false;",
  },
  "no second look before sleeping, with promises": {
    scenario: "sendSync(), receive()",
    file: "src/channel/peer/wait.ts",
    from: "const left = Math.ceil(timeLeft(deadline));\n      const ready = isReady();",
    to: "const left = Math.ceil(timeLeft(deadline));\n      const ready = false;",
  },
  "the second look comes before the announcement": {
    scenario: "sendSync() into a full ring, receiveSync()",
    file: "src/channel/peer/wait.ts",
    from:
      "this.#wakeFlag.raise();\n      const left = timeLeft(deadline);\n      const ready = isReady();",
    to:
      "const left = timeLeft(deadline);\n      const ready = isReady();\n      this.#wakeFlag.raise();",
  },
  "a sender looks at the wake flag before it publishes": {
    scenario: "sendSync() into a full ring, receiveSync()",
    file: "src/channel/ring/sender.ts",
    from: "due = this.#writer.write(bytes, publishes);",
    to: "this.#receiver.wake();\n      this.#writer.write(bytes, publishes);\n      due = 0;",
  },
  "a receiver looks at the wake flag before it publishes": {
    scenario: "sendSync() into a full ring, of which one message is taken",
    file: "src/channel/ring/receiver.ts",
    from: "if (this.#reader.publish()) this.#senders.wake();",
    to: "this.#senders.wake();\n    this.#reader.publish();",
  },
  "what is pending is not published at the end of a turn": {
    scenario: "send() of what is told of together, receive()",
    file: "src/channel/peer/flush_queue.ts",
    from: "    flushable.isQueued = false;\n    flushable.flush();",
    to: "    flushable.isQueued = false;",
  },
  "a sender that closes wakes nobody": {
    scenario: "sendSync(), receive()",
    file: "src/channel/ring/sender.ts",
    from: "stack.defer(() => this.#receiver.wake());",
    to: "",
  },
  "a receiver that closes wakes nobody": {
    scenario: "a receiver that leaves after one message, sendSync()",
    file: "src/channel/ring/receiver.ts",
    from: "stack.defer(() => this.#senders.wake());",
    to: "",
  },
  "a sender that comes wakes nobody": {
    scenario: "a sender that is ended, receiveSync()",
    file: "src/channel/ring/sender.ts",
    from: "      data.set();\n    } catch",
    to: "    } catch",
  },
  "a receiver that comes wakes nobody": {
    scenario: "a receiver that is ended, sendSync()",
    file: "src/channel/ring/receiver.ts",
    from: "      space.set();\n    } catch",
    to: "    } catch",
  },
  "a sender that comes wakes only who says that it sleeps": {
    scenario: "a sender in the place of one that is ended, which may never have been there",
    file: "src/channel/ring/sender.ts",
    from: "      data.set();\n    } catch",
    to: "      this.#receiver.wake();\n    } catch",
  },
  "nobody notices a process's end, sync": {
    scenario: "a sender that is ended, receiveSync()",
    file: "src/channel/peer/wait.ts",
    from: 'if (end === "ended") this.#peer.noteDeath();',
    to: "",
  },
  "a process's end wakes nobody, with promises": {
    scenario: "a sender that is ended, receive()",
    file: "src/channel/ring/receiver.ts",
    from: "new PeerLiveness(header, SENDER, () => data.set())",
    to: "new PeerLiveness(header, SENDER, () => {})",
  },
  "a process's end wakes no sender, with promises": {
    scenario: "a receiver that is ended, send()",
    file: "src/channel/ring/sender.ts",
    from: "new PeerLiveness(header, RECEIVER, () => space.set())",
    to: "new PeerLiveness(header, RECEIVER, () => {})",
  },
  "what a sender that was ended had told nobody of is left": {
    scenario: "a sender that is ended, receive()",
    file: "src/channel/ring/reader.ts",
    from: "if (isSame()) Atomics.compareExchange(this.#words, WORD.tail, tail, committed);",
    to: "",
  },
  "the next sender does not go on where the one before was": {
    scenario: "a sender in the place of one that is ended",
    file: "src/channel/ring/writer.ts",
    from: "this.#goTo(Atomics.load(this.#words, WORD.committed));",
    to: "this.#goTo(Atomics.load(this.#words, WORD.tail));",
  },
  "the next receiver takes what was received once more": {
    scenario: "a receiver in the place of one that is ended",
    file: "src/channel/ring/reader.ts",
    from: "this.#words[CONSUMED] = head;\n    this.#count++;",
    to: "this.#count++;",
  },
  "the next reader reads once more what was read": {
    scenario: "a reader in the place of one that is ended",
    file: "src/channel/ring/reader.ts",
    from: "words[CONSUMED] = head;\n        const left",
    to: "const left",
  },
  "a message is committed before it is told that it is there": {
    scenario: "a sender that is ended, receiveSync()",
    file: "src/channel/ring/sender.ts",
    from: "if (this.#write(bytes, true)) return true;",
    to: "if (this.claimAt(bytes.length) >= 0) return true;",
  },
  "a turn is taken without asking": {
    scenario: "two senders take turns",
    file: "src/channel/ring/many/producer_lock.ts",
    from:
      "return ((word & WHO) === 0 || this.#checkOver(word)) && this.#change(word, this.#number);",
    to: "return this.#change(word, this.#number);",
  },
  "a turn is looked at and not taken in one step": {
    scenario: "two senders take turns",
    file: "src/channel/ring/many/producer_lock.ts",
    from: "if (Atomics.compareExchange(this.#words, WORD.turn, from, to) !== from) return false;",
    to: "Atomics.store(this.#words, WORD.turn, to);",
  },
  "a sender that gives the producer lock back wakes nobody": {
    scenario: "two senders take turns",
    file: "src/channel/ring/sender.ts",
    from: "if (this.#isShared) this.#senders.wake();",
    to: "",
  },
  "the turn of a process that was ended is never over": {
    scenario: "two senders take turns, and one of them is ended",
    file: "src/channel/ring/many/producer_lock.ts",
    from: "if (hasEnded(Atomics.load(this.#owners, place.owner))) this.#over = word;",
    to: "",
  },
  "of many senders, one that is ended as it leaves is never missed": {
    scenario: "the last of many senders is ended",
    file: "src/channel/ring/many/liveness.ts",
    from: "    this.#count();\n  }\n\n  noteDeath",
    to: "  }\n\n  noteDeath",
  },
};
