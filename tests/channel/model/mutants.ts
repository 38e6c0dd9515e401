/**
 * What could be missing in the library, and has to be found.
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

/** A change for the worse: of marked lines, or of what the library is given. */
export type Mutation =
  | { readonly change: Change; readonly edit?: (text: string) => string }
  | { readonly inject: (library: Library) => Library };

/** A change for the worse, and the scenario in which it is found. */
export type Mutant<S extends string> = Mutation & { readonly scenario: S };

/** Changes for the worse, by what they are. */
export const MUTANTS: Readonly<Record<string, Mutant<keyof typeof SCENARIOS>>> = {
  "no second look before sleeping, sync": {
    scenario: "sendSync() into a full ring, receiveSync()",
    change: { set: "second-look-sync", to: "false" },
  },
  "no second look before sleeping, with promises": {
    scenario: "sendSync(), receive()",
    change: { set: "second-look", to: "false" },
  },
  "the second look comes before the announcement": {
    scenario: "sendSync() into a full ring, receiveSync()",
    change: { move: "raise-first-sync", after: "second-look-sync" },
  },
  "a sender looks at the wake flag before it publishes": {
    scenario: "sendSync() into a full ring, receiveSync()",
    change: { move: "wake-receiver", before: "write" },
  },
  "a receiver looks at the wake flag before it publishes": {
    scenario: "sendSync() into a full ring, of which one message is taken",
    change: { move: "wake-senders", before: "room-first" },
  },
  "what is pending is not published before the thread idles": {
    scenario: "send() of what is published together, receive()",
    change: { leaveOut: "end-of-turn" },
  },
  "a sender that closes wakes nobody": {
    scenario: "sendSync(), receive()",
    change: { leaveOut: "sender-closes" },
  },
  "a receiver that closes wakes nobody": {
    scenario: "a receiver that leaves after one message, sendSync()",
    change: { leaveOut: "receiver-closes" },
  },
  "a sender that comes wakes nobody": {
    scenario: "a sender that is ended, receiveSync()",
    change: { leaveOut: "sender-comes" },
  },
  "a receiver that comes wakes nobody": {
    scenario: "a receiver that is ended, sendSync()",
    change: { leaveOut: "receiver-comes" },
  },
  "a sender that comes wakes only who says that it sleeps": {
    scenario: "a sender in the place of one that is ended, which may never have been there",
    change: { replace: "sender-comes", by: "wake-receiver" },
  },
  "nobody notices a process's end, sync": {
    scenario: "a sender that is ended, receiveSync()",
    change: { leaveOut: "death-sync" },
  },
  "a process's end wakes nobody, with promises": {
    scenario: "a sender that is ended, receive()",
    change: { leaveOut: "death-wakes" },
  },
  "a process's end wakes no sender, with promises": {
    scenario: "a receiver that is ended, send()",
    change: { leaveOut: "death-wakes" },
  },
  "what a sender that was ended had not published is left": {
    scenario: "a sender that is ended, receive()",
    change: { leaveOut: "take-over" },
  },
  "the next sender does not go on where the one before was": {
    scenario: "a sender in the place of one that is ended",
    change: { leaveOut: "resume" },
  },
  "the next receiver takes what was received once more": {
    scenario: "a receiver in the place of one that is ended",
    change: { leaveOut: "consumed" },
  },
  "the next reader reads once more what was read": {
    scenario: "a reader in the place of one that is ended",
    change: { leaveOut: "consumed-in-place" },
  },
  "a message is sent before it is written": {
    scenario: "a sender that is ended, receiveSync()",
    change: { leaveOut: "write" },
  },
  "the producer lock is taken without asking": {
    scenario: "two senders take turns",
    change: { leaveOut: "lock-held" },
  },
  "the producer lock is looked at and not taken in one step": {
    scenario: "two senders take turns",
    inject: (library) => ({ ...library, torn: WORD.producerLock }),
  },
  "a sender that gives the producer lock back wakes nobody": {
    scenario: "two senders take turns",
    change: { leaveOut: "wake-next-sender" },
  },
  "the producer lock of a process that was ended is never over": {
    scenario: "two senders take turns, and one of them is ended",
    change: { leaveOut: "lock-of-dead" },
  },
  "of many senders, one that is ended as it leaves is never missed": {
    scenario: "the last of many senders is ended",
    change: { leaveOut: "senders-gone" },
  },
};

/** Asserts that a scenario shows what is wrong. */
export async function assertFound(mutation: Mutation, scenario: Scenario): Promise<void> {
  const library = "change" in mutation
    ? await loadChanged(mutation.change, mutation.edit)
    : mutation.inject(LIBRARY);
  await assertRejects(() => new Explorer(library, scenario).explore(), Counterexample);
}
