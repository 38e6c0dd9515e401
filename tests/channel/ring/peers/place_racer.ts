/**
 * One of several that want the same end of a channel at the same moment: `place_racer.ts NAME INDEX`. For
 * what it notes see notes.ts.
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

/** Waits for the round after one. */
function nextAfter(last: number): number {
  for (;;) {
    const round = Atomics.load(words, NOTE.round);
    if (round !== last) return round;
    Atomics.pause();
  }
}

/** Tells that this one has come to the end of something; the last one wakes whoever waits for all. */
function noteEnd(all: number): void {
  if (Atomics.add(words, NOTE.ended, 1) + 1 === all) done.set();
}
