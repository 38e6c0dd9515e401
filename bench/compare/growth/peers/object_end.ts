/**
 * One end of many open objects. Arguments: `channels|events|pipes NAME near|far`. Tasks:
 *
 * - `open COUNT`: opens more objects, and returns the time in nanoseconds.
 * - `trips COUNT`: makes round trips. Each uses the next of the objects. The near end returns the
 *   median time in nanoseconds.
 * - `weigh`: returns the memory of this process in bytes.
 * - `close`: closes all objects. Returns the number of handles of sections, events and files that
 *   came since the last `close`. The first objects can open handles that stay open.
 *
 * @module
 */

import { kindsOfHandles } from "../../../../tests/support/leak.ts";
import { median } from "../../median.ts";
import { openChannels } from "./open_channels.ts";
import type { Side } from "../../link.ts";
import type { OpenEnds } from "./open_ends.ts";
import { openEvents } from "./open_events.ts";
import { openPipes } from "./open_pipes.ts";
import { now, serve } from "./serve.ts";

/** The kinds of handles that the objects have. Threads come and go by themselves. */
const HANDLES: readonly string[] = ["Section", "Event", "File"];

const KINDS: Record<string, (name: string, side: Side) => OpenEnds | Promise<OpenEnds>> = {
  channels: openChannels,
  events: openEvents,
  pipes: openPipes,
};

const [kind, name, side] = Deno.args as [string, string, Side];
const ends = await KINDS[kind]!(name, side);
let handles: number | undefined;

await serve({
  async open(count) {
    const start = now();
    await ends.open(Number(count));
    return [now() - start];
  },
  async trips(count) {
    const times = await ends.trips(Number(count));
    return times.length === 0 ? [] : [median(times)];
  },
  weigh: () => [Deno.memoryUsage().rss],
  async close() {
    await ends.close();
    const before = handles ?? Infinity;
    handles = kindsOfHandles().filter((kind) => HANDLES.includes(kind)).length;
    return [Math.max(0, handles - before)];
  },
});
