/**
 * An end of a latest value, NAME-latest, and of a broadcast ring, NAME-ring, as value_end.c is.
 * Arguments: `LIBRARY NAME`, where LIBRARY is the URL of the library. The value has 64 bytes. Each
 * line of the standard input is a task: `WAY BYTES COUNT`. The answer is the time of each in
 * nanoseconds. There are further ways, for a value of any length:
 *
 * - `write` and `read`: a value with one field, an array of doubles.
 * - `copy`: the value's bytes into shared memory, by `Uint8Array.set`. As a latest value does, each
 *   copy goes to the next of four places.
 * - `copy-new`: the value's bytes into a new array, by `slice`.
 * - `frame`: a latest frame of this length is claimed, published, acquired and released; and
 *   `frame-metadata`, with a small object beside it.
 * - `ring-frame`: a message of this length is claimed, committed and read in the ring of a channel.
 *
 * @module
 */

import { TextLineStream } from "@std/streams";
import type * as Library from "../../mod.ts";

const [library, name] = Deno.args as [string, string];
const { array, BroadcastRing, LatestFrame, LatestValue, RingChannel, SharedMemory, struct }:
  typeof Library = await import(library);

/** Messages are received in groups that fit into the ring. */
const TOGETHER = 1000;
const CAPACITY = 2 ** 20;
const SHORT = 64;
/** The number of values in the memory of a latest value. */
const PLACES = 4;

type Way = (count: number) => number;
const waysByLength = new Map([[SHORT, waysOf(SHORT, name)]]);

console.log("ready");
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  .pipeThrough(new TextLineStream());
for await (const line of lines) {
  const [way, byteLength, count] = line.split(" ") as [string, string, string];
  const ways = waysByLength.get(Number(byteLength)) ??
    waysOf(Number(byteLength), crypto.randomUUID());
  waysByLength.set(Number(byteLength), ways);
  console.log((ways[way]!(Number(count)) / Number(count)).toFixed(2));
}

function waysOf(byteLength: number, name: string): Readonly<Record<string, Way>> {
  const layout = struct({ samples: array("f64", byteLength / 8) });
  const value = LatestValue.create(`${name}-latest`, layout);
  const [writer, reader] = [value.writer(), value.reader()];
  const samples = new Float64Array(byteLength / 8).fill(1.5);
  const target = new Int32Array(byteLength / 4);
  writer.write({ samples });
  const ring = BroadcastRing.create(`${name}-ring`, { capacity: CAPACITY });
  const [sender, receiver] = [ring.sender(), ring.receiver()];
  const message = new Uint8Array(Math.min(byteLength, sender.maxMessageLength)).fill(7);
  const bytes = new Uint8Array(samples.buffer);
  const region = SharedMemory.anonymous(PLACES * byteLength).map().bytes;
  const places = Array.from({ length: PLACES }, (_, place) => {
    return region.subarray(place * byteLength, (place + 1) * byteLength);
  });
  let copies = 0;
  // The work for each is in its own function, which V8 compiles once.
  const publish = () => writer.publish();
  const readInto = () => reader.readInto(target);
  const send = () => sender.send(message);
  const receive = () => {
    if (receiver.tryReceive()?.missed !== 0) throw new Error("A message was missed");
  };
  // Only made when needed: the library of another checkout can be without latest frames.
  let frames: ((metadata?: unknown) => void) | undefined;
  let ringed: (() => void) | undefined;
  const write = () => writer.write({ samples });
  const read = () => reader.read();
  return {
    publish: (count) => time(publish, count),
    "read-into": (count) => time(readInto, count),
    send: (count) => time(send, count),
    receive(count) {
      sender.flush();
      while (receiver.tryReceive() !== undefined);
      let nanoseconds = 0;
      for (let done = 0; done < count; done += TOGETHER) {
        for (let index = 0; index < TOGETHER; index++) send();
        sender.flush();
        nanoseconds += time(receive, TOGETHER);
      }
      return nanoseconds;
    },
    write: (count) => time(write, count),
    read: (count) => time(read, count),
    copy: (count) => time(() => places[copies++ % PLACES]!.set(bytes), count),
    "copy-new": (count) => time(() => bytes.slice(), count),
    frame(count) {
      const pass = frames ??= framesOf(byteLength, name);
      return time(() => pass(), count);
    },
    "frame-metadata"(count) {
      const pass = frames ??= framesOf(byteLength, name);
      return time(() => pass({ width: 1920, height: 1080 }), count);
    },
    "ring-frame"(count) {
      return time(ringed ??= ringOf(byteLength), count);
    },
  };
}

/** Returns a function that passes a frame from a writer to a reader. */
function framesOf(byteLength: number, name: string): (metadata?: unknown) => void {
  const frames = LatestFrame.create(`${name}-frame`, { byteLength });
  const [writer, reader] = [frames.writer(), frames.reader()];
  return (metadata) => {
    writer.claim();
    writer.publish(metadata);
    using frame = reader.acquire()!;
    if (frame.bytes.length !== byteLength) throw new Error("The frame has another length");
  };
}

/** Returns a function that passes a message from a sender to a receiver, without a copy. */
function ringOf(byteLength: number): () => void {
  const channel = RingChannel.anonymous({ capacity: 4 * byteLength });
  const [sender, receiver] = [channel.sender(), channel.receiver()];
  return () => {
    sender.claimAt(byteLength);
    sender.commit();
    sender.flush();
    if (receiver.readAt(() => {}) !== 1) throw new Error("No message was read");
  };
}

/** Calls a function again and again, and returns the time in nanoseconds. */
function time(work: () => unknown, count: number): number {
  const start = performance.now();
  for (let index = 0; index < count; index++) work();
  return (performance.now() - start) * 1e6;
}
