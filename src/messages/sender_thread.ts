/**
 * A thread that sends one parcel after another and stands still until each is answered.
 *
 * @module
 */

import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { deliver } from "./delivery.ts";
import { SenderRecord } from "./sender_record.ts";

/** What a sender thread is started with. */
export interface SenderThreadData {
  /** The memory of the record by which it takes parcels. */
  record: SharedArrayBuffer;
  /** Where the bytes come from that have no room there. */
  large: MessagePort;
}

const { record: buffer, large }: SenderThreadData = workerData;
const record = new SenderRecord(buffer);

for (;;) {
  record.answer(deliver(record.take(() => receiveMessageOnPort(large)!.message)));
}
