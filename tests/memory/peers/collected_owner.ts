/**
 * Uses objects whose owner is no longer referenced, collects garbage, and counts the names that
 * still exist. Counts first for memory that is not used, and then while the objects are used. With
 * the argument "goes" it counts again when they are not used any more. Needs
 * --v8-flags=--expose-gc.
 *
 * @module
 */

import {
  BroadcastRing,
  inheritHandles,
  LatestValue,
  RingChannel,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  struct,
  waitAny,
} from "../../../mod.ts";
import { privateBufferOf } from "../../../src/memory/mapped_view.ts";

declare const gc: () => void;

const COUNT = 20;
const Value = struct({ number: "u32" });
const RING = { capacity: 1024 };

/** The uses by their names in the test. Each creates an object with the given name. */
const USES: Record<string, (name: string) => unknown> = {
  nothing: (name) => SharedMemory.create(name, 4096).map().close(),
  view: (name) => SharedMemory.create(name, 4096).map(),
  bytes: (name) => SharedMemory.create(name, 4096).map().bytes.subarray(7),
  "view of a part": (name) => SharedMemory.create(name, 8192).map({ offset: 4099 }).buffer,
  data: (name) => new DataView(SharedMemory.create(name, 4096).map().buffer, 8),
  "private buffer": (name) => privateBufferOf(SharedMemory.create(name, 4096).map()),
  struct: (name) => Value.view(SharedMemory.create(name, 4096).map().bytes),
  "broadcast sender": (name) => BroadcastRing.create(name, RING).sender(),
  "broadcast receiver": (name) => BroadcastRing.create(name, RING).receiver(),
  "ring sender": (name) => RingChannel.create(name, RING).sender(),
  "ring receiver": (name) => RingChannel.create(name, RING).receiver(),
  "latest writer": (name) => LatestValue.create(name, Value).writer(),
  "latest reader": (name) => {
    const value = LatestValue.create(name, Value);
    value.writer().close();
    return value.reader();
  },
  "variable of an inheritance scope": (name) => {
    const { env } = inheritHandles({ memory: SharedMemory.create(name, 4096) });
    return env;
  },
  "handle of an inheritance scope": (name) =>
    inheritHandles({ event: SharedEvent.create(name) }).handles,
  "duplicate elsewhere": (name) => SharedMemory.create(name, 4096).duplicateTo(Deno.pid),
  "read-only memory": (name) => SharedMemory.create(name, 4096).toReadOnly(),
  "iterator of changes": (name) => {
    const value = LatestValue.create(name, Value);
    value.writer().close();
    return value.reader().changes();
  },
  "iterator of messages": (name) => {
    return BroadcastRing.create(name, RING).receiver()[Symbol.asyncIterator]();
  },
  "stream of messages": (name) => RingChannel.create(name, RING).readable,
  "stream to a channel": (name) => RingChannel.create(name, RING).writable,
  "mutex lock": (name) => SharedMutex.create(name).tryLock(),
  "wait for any of two": (name) =>
    waitAny([SharedEvent.create(name), SharedEvent.anonymous()], { signal: neverAborts }),
  "receive from a broadcast ring": (name) =>
    BroadcastRing.create(name, RING).receiver().receive({ signal: neverAborts }),
  "receive from a channel": (name) => {
    const channel = RingChannel.create(name, RING);
    return channel.receiver().receive({ signal: neverAborts });
  },
  "wait for an event": (name) => SharedEvent.create(name).wait({ signal: neverAborts }),
};

const neverAborts = new AbortController().signal;

/** Checks whether an object of any kind has this name. */
function isThere(name: string): boolean {
  try {
    SharedMemory.open(name).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.InvalidData) return true;
    throw error;
  }
}

function use(what: string, prefix: string): unknown[] {
  return Array.from({ length: COUNT }, (_, index) => USES[what]!(`${prefix}.${index}`));
}

function countThere(prefix: string): number {
  return Array.from({ length: COUNT }, (_, index) => isThere(`${prefix}.${index}`))
    .filter((there) => there).length;
}

/**
 * Collects garbage until at most one name exists: a register can still refer to the last object.
 */
async function collect(prefix: string): Promise<number> {
  const deadline = performance.now() + 20_000;
  while (countThere(prefix) > 1 && performance.now() < deadline) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return countThere(prefix);
}

const [what = "", name = "", goes] = Deno.args;
let used: unknown[] | undefined = use(what, name);
use("nothing", `${name}.unused`);
console.log("unused:", await collect(`${name}.unused`) <= 1);
console.log("used:", countThere(name), used.length === COUNT);
used = undefined;
if (goes === "goes") console.log("forgotten:", await collect(name) <= 1);
// Wine 10 can hang in NtTerminateProcess while another thread starts. This wait ends when all
// threads have started.
else await waitAny([SharedEvent.anonymous({ signalled: true })], { signal: neverAborts });
Deno.exit();
