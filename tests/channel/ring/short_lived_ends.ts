/**
 * Ends of a channel that are killed: C programs, which start in a twentieth of the time that Deno takes,
 * and scripts.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { Peer } from "../../support/peer.ts";
import type { Random } from "../../support/random.ts";

/** The longest message that they send. */
export const MAX_LENGTH = 200;

/** What an end is, and what this process does while it lives. */
export interface Life {
  /** The end. */
  role: "send" | "receive";
  /** Which round it is: they are lived in different ways. */
  round: number;
  /** Says when they are killed. */
  random: Random;
  /** For a sender, which one it is; programs are always 1. */
  id?: number;
  /**
   * What this process does.
   *
   * @param passed Is to be called for each message; tells whether the end was killed by now.
   */
  meanwhile: (passed: () => boolean) => Promise<void>;
}

/** Lets an end live and be killed. */
export interface ShortLivedEnds extends AsyncDisposable {
  /** One of them; it is gone when this resolves. */
  live(life: Life): Promise<void>;
}

/** Has ends at hand for the channel of a name. */
export type OpenEnds = (name: string) => Promise<ShortLivedEnds>;

/** The longest time until a program ends itself, in microseconds. */
const MAX_LIFE = 4000;
/** The exit code of one that has done so. */
const KILLED = 9;

/** Programs, which end themselves after a while, and some of them as they come. */
export const programs: OpenEnds = async (name) => {
  const program = await compileRingPeer("channel/ring/peers/short_lived_end.c");
  return {
    live: async ({ role, round, random, meanwhile }) => {
      const life = random.below(MAX_LIFE);
      if (round % 3 === 2) {
        const args = [role, name, `-${life + 1}`];
        const { code, stdout } = await new Deno.Command(program.path, { args }).output();
        assertEquals(code, KILLED, new TextDecoder().decode(stdout));
        await meanwhile(() => false);
      } else {
        await using peer = await Peer.startProgram(program.path, role, name, `${life}`);
        await meanwhile(() => false);
        assertEquals((await peer.gone()).code, KILLED);
      }
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
};

const WAYS = {
  send: ["sync", "async", "batch", "claim"],
  receive: ["take", "read", "take-async", "read-async"],
} as const;
const pauseWord = new Int32Array(new SharedArrayBuffer(4));

/** Scripts, which are killed by this process after so many messages. */
export const scripts: OpenEnds = (name) => {
  // Each is started before the last one is killed, for that takes a while.
  let next = Peer.start("channel/ring/peers/short_lived_end.ts", name);
  return Promise.resolve({
    live: async ({ role, round, random, id = 1, meanwhile }) => {
      await using peer = await next;
      next = Peer.start("channel/ring/peers/short_lived_end.ts", name);
      const way = WAYS[role][round % WAYS[role].length]!;
      assertEquals(await peer.ask(`${role} ${way} ${id}`), "there");
      let left = random.below(way === "claim" ? 100 : 3000);
      await meanwhile(() => {
        if (left-- !== 0) return left < 0;
        // By then it may have fallen asleep.
        if (random.below(4) === 0) Atomics.wait(pauseWord, 0, 0, 2);
        peer.kill();
        return true;
      });
      await peer.gone();
    },
    [Symbol.asyncDispose]: async () => await (await next)[Symbol.asyncDispose](),
  });
};
