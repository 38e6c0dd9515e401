/**
 * Keeps one object of each kind open under the name `NAME-KIND`, until its input ends:
 * `named_objects.ts NAME`.
 */

import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  RingChannel,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  struct,
} from "../../../mod.ts";

const name = Deno.args[0]!;
using channel = RingChannel.create(`${name}-channel`, { capacity: 1024 });
using _sender = channel.sender();
using _receiver = channel.receiver();
using ring = BroadcastRing.create(`${name}-ring`, { capacity: 1024 });
using _ringSender = ring.sender();
using writerValue = LatestValue.openOrCreate(`${name}-value`, struct({ a: "i32" }));
using _writer = writerValue.writer();
using frames = LatestFrame.create(`${name}-frame`, { byteLength: 8 });
using _frameWriter = frames.writer();
using _plain = SharedMemory.create(`${name}-plain`, 65_536);
using _event = SharedEvent.create(`${name}-event`);
using _mutex = SharedMutex.create(`${name}-mutex`);
console.log("ready");
Deno.stdin.readSync(new Uint8Array(1));
