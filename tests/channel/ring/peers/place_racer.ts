/**
 * One of several racers for the same place of a channel: `place_racer.ts NAME INDEX`. For its notes
 * see notes.ts.
 *
 * @module
 */

import { RingChannel } from "../../../../src/channel/mod.ts";
import { SharedEvent } from "../../../../src/sync/mod.ts";
import { NOTE, Notes } from "../notes.ts";
import { RACERS, RESULT, tryEnd } from "../place_race.ts";

const [name, index] = Deno.args as [string, string];
using notes = Notes.open(name);
using done = SharedEvent.open(`${name}.done`);
using channel = RingChannel.open(name);
const { words } = notes;

console.log("ready");
for (let round = nextAfter(0); round !== -1; round = nextAfter(round)) {
  const end = tryEnd(channel, round);
  words[NOTE.results + Number(index)] = end === undefined ? RESULT.busy : RESULT.taken;
  noteEnd(RACERS);
  while (Atomics.load(words, NOTE.over) !== round) Atomics.pause();
  end?.close();
  noteEnd(2 * RACERS);
}

/** Waits until the round is another one than the last, and returns it. */
function nextAfter(last: number): number {
  for (;;) {
    const round = Atomics.load(words, NOTE.round);
    if (round !== last) return round;
    Atomics.pause();
  }
}

/** Counts the end of a step. The last racer wakes the process that waits for all racers. */
function noteEnd(all: number): void {
  if (Atomics.add(words, NOTE.ended, 1) + 1 === all) done.set();
}
