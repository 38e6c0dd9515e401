/**
 * Ends of a channel that are killed: scripts, and C programs, which start 20 times as fast as Deno.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Bits } from "../../support/compile_c.ts";
import { compileRingPeer } from "../../support/compile_ring_peer.ts";
import { Peer } from "../../support/peer.ts";
import type { Random } from "../../support/random.ts";

/** Maximum length of their messages in bytes. */
export const MAX_LENGTH = 200;

/** The life of an end, from its start until it is killed. */
export interface Life {
  /** Whether the end sends, receives, or peeks and releases. */
  role: "send" | "receive" | "peek";
  /** The number of the round, which selects how the end works. */
  round: number;
  /** Chooses the time when the end is killed. */
  random: Random;
  /** The number of a sender. Programs are always 1. */
  id?: number;
  /**
   * The work of this process during that life.
   *
   * @param passed Must be called for each message. Returns whether the end was killed by then.
   */
  meanwhile: (passed: () => boolean) => Promise<void>;
}

/** Starts ends and has them killed. */
export interface ShortLivedEnds extends AsyncDisposable {
  /** Starts an end and has it killed. The process has ended when this promise resolves. */
  live(life: Life): Promise<void>;
}

/** Prepares ends for the channel of a name. */
export type OpenEnds = (name: string) => Promise<ShortLivedEnds>;

/** Maximum time until a program ends itself, in microseconds. */
const MAX_LIFE = 4000;
/** Exit code of a program that has ended itself. */
const KILLED = 9;

/** C programs, which end themselves after a while. Every third one can do so before it is ready. */
export const programs = (bits: Bits): OpenEnds => async (name) => {
  const program = await compileRingPeer("channel/ring/peers/short_lived_end.c", { bits });
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
  peek: ["sync", "async"],
  receive: ["take", "read", "take-async", "read-async"],
} as const;
const pauseWord = new Int32Array(new SharedArrayBuffer(4));

/** Scripts, which this process kills after a number of messages. */
export const scripts: OpenEnds = (name) => {
  // Each script is started before the last one is killed, because the start takes a while.
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
        // One script in four, on average, gets time to fall asleep.
        if (random.below(4) === 0) Atomics.wait(pauseWord, 0, 0, 2);
        peer.kill();
        return true;
      });
      await peer.gone();
    },
    [Symbol.asyncDispose]: async () => await (await next)[Symbol.asyncDispose](),
  });
};
