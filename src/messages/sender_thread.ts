/**
 * A thread that sends one parcel after another and stands still until each is answered.
 *
 * @module
 */

import { isMainThread, workerData } from "node:worker_threads";
import { deliver } from "./delivery.ts";
import { SenderRecord } from "./sender_record.ts";

if (!isMainThread) {
  const record = new SenderRecord(workerData);
  for (;;) record.answer(deliver(record.take()));
}
