/**
 * Faults that the model must find: changes of the library that break channels.
 *
 * @module
 */

import { assertRejects } from "@std/assert";
import { WORD } from "../../../src/channel/ring/layout.ts";
import { loadChanged } from "./changed_library.ts";
import { Explorer, type Scenario } from "./explore.ts";
import type { Change } from "./guards.ts";
import { LIBRARY, type Library } from "./library.ts";
import type { SCENARIOS } from "./scenarios.ts";
import { Counterexample } from "./state.ts";

/** A fault: a change of marked lines, or other modules in place of the library's. */
export type Mutation =
  | { readonly change: Change; readonly edit?: (text: string) => string }
  | { readonly inject: (library: Library) => Library };

/** A fault, and the scenario in which the model finds it. */
export type Mutant<S extends string> = Mutation & { readonly scenario: S };

/** Faults by their descriptions. */
export const MUTANTS: Readonly<Record<string, Mutant<keyof typeof SCENARIOS>>> = {
  "an end blocks without a second look": {
    scenario: "sendSync() into a full ring, receiveSync()",
    change: { set: "second-look-sync", to: "false" },
  },
  "an end sleeps by a promise without a second look": {
    scenario: "sendSync(), receive()",
    change: { set: "second-look", to: "false" },
  },
  "an end looks a second time before it raises its wake flag": {
    scenario: "sendSync() into a full ring, receiveSync()",
    change: { move: "raise-first-sync", after: "second-look-sync" },
  },
  "a sender looks at the wake flag before it publishes": {
    scenario: "sendSync() into a full ring, receiveSync()",
    change: { move: "wake-receiver", before: "write" },
  },
  "a receiver looks at the wake flag before it publishes": {
    scenario: "sendSync() into a full ring, one message of which is received",
    change: { move: "wake-senders", before: "room-first" },
  },
  "pending messages are not published before the thread idles": {
    scenario: "send() of messages that are published together, receive()",
    change: { leaveOut: "end-of-turn" },
  },
  "a sender that closes does not wake the receiver": {
    scenario: "sendSync(), receive()",
    change: { leaveOut: "sender-closes" },
  },
  "a receiver that closes does not wake the sender": {
    scenario: "a receiver that leaves after one message, sendSync()",
    change: { leaveOut: "receiver-closes" },
  },
  "a new sender does not wake the receiver": {
    scenario: "a sender that is killed, receiveSync()",
    change: { leaveOut: "sender-comes" },
  },
  "a new receiver does not wake the sender": {
    scenario: "a receiver that is killed, sendSync()",
    change: { leaveOut: "receiver-comes" },
  },
  "a new sender wakes the receiver only if its wake flag is raised": {
    scenario: "a sender in the place of one that is killed, which may never have opened",
    change: { replace: "sender-comes", by: "wake-receiver" },
  },
  "an end that blocks does not notice its peer's death": {
    scenario: "a sender that is killed, receiveSync()",
    change: { leaveOut: "death-sync" },
  },
  "the death of a sender does not wake the receiver, with promises": {
    scenario: "a sender that is killed, receive()",
    change: { leaveOut: "death-wakes" },
  },
  "the death of a receiver does not wake the sender, with promises": {
    scenario: "a receiver that is killed, send()",
    change: { leaveOut: "death-wakes" },
  },
  "the pending messages of a dead sender are not recovered": {
    scenario: "a sender that is killed, receive()",
    change: { leaveOut: "take-over" },
  },
  "a new sender does not continue after the messages of a dead one": {
    scenario: "a sender in the place of one that is killed",
    change: { leaveOut: "resume" },
  },
  "a new receiver receives a message again": {
    scenario: "a receiver in the place of one that is killed",
    change: { leaveOut: "consumed" },
  },
  "a new receiver reads a message in place again": {
    scenario: "a reader in the place of one that is killed",
    change: { leaveOut: "consumed-in-place" },
  },
  "the room of released messages is published, and not noted for the next receiver": {
    scenario: "a peeking receiver in the place of one that is killed",
    change: { leaveOut: "released" },
  },
  "the number of a message is stored after the head that it belongs to": {
    scenario: "a peeking receiver in the place of one that is killed",
    change: { move: "number-first", after: "head" },
  },
  "a sender that waits for room does not wake a receiver that keeps it": {
    scenario: "a peeking receiver that releases nothing, sendSync() into a full ring",
    change: { leaveOut: "waiting-sender" },
  },
  "a message is reported as sent and not written": {
    scenario: "a sender that is killed, receiveSync()",
    change: { leaveOut: "write" },
  },
  "a sender takes the producer lock while another sender holds it": {
    scenario: "two senders share the producer lock",
    change: { leaveOut: "lock-held" },
  },
  "a sender checks the producer lock and takes it in two steps": {
    scenario: "two senders share the producer lock",
    inject: (library) => ({ ...library, torn: WORD.producerLock }),
  },
  "a sender that releases the producer lock does not wake the next sender": {
    scenario: "two senders share the producer lock",
    change: { leaveOut: "wake-next-sender" },
  },
  "the producer lock of a dead process is never released": {
    scenario: "two senders share the producer lock, and one of them is killed",
    change: { leaveOut: "lock-of-dead" },
  },
  "of many senders, the death of one is not noticed if it dies while it leaves": {
    scenario: "the last of many senders is killed",
    change: { leaveOut: "senders-gone" },
  },
};

/** Asserts that the model finds a fault in a scenario. */
export async function assertFound(mutation: Mutation, scenario: Scenario): Promise<void> {
  const library = "change" in mutation
    ? await loadChanged(mutation.change, mutation.edit)
    : mutation.inject(LIBRARY);
  await assertRejects(() => new Explorer(library, scenario).explore(), Counterexample);
}
