/**
 * A thread that sends one parcel after another and stands still until each is answered.
 *
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import { Parent, type ParentIdentity } from "../../wait/thread.ts";
import { deliver } from "./delivery.ts";
import { SenderRecord } from "./protocol.ts";

/** What a sender thread is started with. */
export interface SenderThreadData {
  /** The memory of the {@linkcode SenderRecord}. */
  buffer: SharedArrayBuffer;
  /** The script's own thread. */
  parent: ParentIdentity;
}

function run({ buffer, parent: identity }: SenderThreadData): void {
  using parent = new Parent(identity);
  const record = new SenderRecord(buffer);
  for (let parcel; (parcel = record.take(parent)) !== undefined;) record.answer(deliver(parcel));
}

if (!isMainThread) run(workerData);
