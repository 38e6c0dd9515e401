/**
 * The modules that scripts use: of the library itself, or of a changed copy.
 *
 * @module
 */

import * as broadcastReceiver from "../../../src/channel/broadcast/receiver.ts";
import * as broadcastSender from "../../../src/channel/broadcast/sender.ts";
import * as frameLayout from "../../../src/channel/frame/layout.ts";
import * as frameReader from "../../../src/channel/frame/reader.ts";
import * as frameWriter from "../../../src/channel/frame/latest.ts";
import * as latestLayout from "../../../src/channel/latest/layout.ts";
import * as latestPublisher from "../../../src/channel/latest/value.ts";
import * as latestReader from "../../../src/channel/latest/reader.ts";
import * as eventLoop from "../../../src/wait/event_loop.ts";
import * as flushQueue from "../../../src/channel/peer/windows.ts";
import type { Machine } from "../../../src/channel/peer/machine.ts";
import * as wakeEvents from "../../../src/channel/peer/wake.ts";
import * as ringReceiver from "../../../src/channel/ring/receiver.ts";
import * as ringSender from "../../../src/channel/ring/sender.ts";
import { machineOf } from "./machine.ts";
import type { Run } from "./run.ts";

/** The parts of the library that scripts use. */
export interface Library {
  readonly broadcastReceiver: Pick<typeof broadcastReceiver, "openReceiver">;
  readonly broadcastSender: Pick<typeof broadcastSender, "openSender">;
  readonly eventLoop: Pick<typeof eventLoop, "EventLoop">;
  readonly flushQueue: Pick<typeof flushQueue, "FlushQueue">;
  readonly frameLayout: Pick<typeof frameLayout, "FrameSlots" | "headWords">;
  readonly frameReader: Pick<typeof frameReader, "FramePin">;
  readonly frameWriter: Pick<typeof frameWriter, "FrameRoom">;
  readonly latestLayout: Pick<typeof latestLayout, "partsOf">;
  readonly latestPublisher: Pick<typeof latestPublisher, "LatestPublisher">;
  readonly latestReader: Pick<typeof latestReader, "LatestChanges">;
  readonly ringReceiver: Pick<typeof ringReceiver, "openReceiver">;
  readonly ringSender: Pick<typeof ringSender, "openSender">;
  readonly wakeEvents: Pick<typeof wakeEvents, "WakeEvents" | "WAKE_WORDS">;
  /** Returns a machine for a script. */
  readonly machineOf: (run: Run, library: Library) => Machine;
  /** Index of a word in memory whose compare-and-swap takes two steps, as a fault. @default none */
  readonly torn?: number;
}

/** The unchanged library. */
export const LIBRARY: Library = {
  broadcastReceiver,
  broadcastSender,
  eventLoop,
  flushQueue,
  frameLayout,
  frameReader,
  frameWriter,
  latestLayout,
  latestPublisher,
  latestReader,
  ringReceiver,
  ringSender,
  wakeEvents,
  machineOf,
};
