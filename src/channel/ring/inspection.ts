/**
 * Inspects the memory of a ring: see ../peer/inspection.ts.
 *
 * @module
 */

import {
  type BrokenMemory,
  type InspectedMemory,
  type InspectedPlace,
  inspectHeaderOf,
  inspectPlace,
  type OwnerLookup,
} from "../peer/inspection.ts";
import { ASLEEP } from "../peer/wake.ts";
import {
  DESCRIPTION,
  HEADER_LENGTH,
  headerWordsOf,
  loadNumber,
  MESSAGE_NUMBERS,
  RECEIVER,
  type RingSettings,
  SENDER,
  SENDERS,
  settingsIn,
  WORD,
} from "./layout.ts";

/** The contents of a ring's header. */
export interface RingInspection extends RingSettings {
  readonly kind: "ring";
  readonly version: number;
  /** The length of the description of the messages' layout in bytes; 0 without a layout. */
  readonly layoutLength: number;
  /**
   * The end of the written messages in bytes, modulo 2³². The difference of two looks is the number
   * of bytes between them, with the heads of the records.
   */
  readonly tail: number;
  /** The end of the read messages in bytes, modulo 2³². */
  readonly head: number;
  /** The number of bytes in the ring that the receiver has not given back. */
  readonly used: number;
  /** The number of messages that the receiver has given back since the ring was created. */
  readonly received: number;
  /** The number of messages that senders have dropped, modulo 2³². */
  readonly dropped: number;
  /** Whether the receiver sleeps until a message comes. */
  readonly receiverWaits: boolean;
  /** Whether a sender sleeps until there is room. */
  readonly senderWaits: boolean;
  /** The receiver, and the senders; of many senders those that have a place. */
  readonly places: readonly InspectedPlace[];
}

/** Inspects a memory that begins with the magic of a ring. */
export function inspectRing(
  memory: InspectedMemory,
  lookUp: OwnerLookup,
): RingInspection | BrokenMemory<"ring"> {
  return inspectHeaderOf(
    memory,
    "ring",
    HEADER_LENGTH,
    (header) => inspectHeader(header, memory.byteLength, lookUp),
  );
}

function inspectHeader(
  buffer: ArrayBuffer,
  byteLength: number,
  lookUp: OwnerLookup,
): RingInspection | string {
  const header = headerWordsOf(buffer);
  const { words } = header;
  const settings = settingsIn(words, byteLength);
  if (typeof settings === "string") return settings;
  const word = (index: number) => words[index]! >>> 0;
  const [tail, head] = [word(WORD.tail), word(WORD.head)];
  const used = (tail - head) >>> 0;
  if (used > settings.capacity) return `it holds ${used} bytes, more than its capacity`;
  const number = MESSAGE_NUMBERS.map((_, slot) => loadNumber(words, slot))
    .find(({ position }) => position === words[WORD.head]);
  if (number === undefined) return `no number belongs to its head at ${head}`;
  const isMany = settings.producers === "multiple";
  const senders = (isMany ? SENDERS : [SENDER])
    .map((place) => inspectPlace(header, place, "sender", lookUp))
    .filter(({ state }, index) => index === 0 || (state !== "free" && state !== "closed"));
  return {
    kind: "ring",
    version: word(WORD.version),
    ...settings,
    layoutLength: word(DESCRIPTION.length / 4),
    tail,
    head,
    used,
    received: number.number,
    dropped: word(WORD.dropped),
    receiverWaits: words[RECEIVER.sleeping] === ASLEEP,
    senderWaits: words[SENDER.sleeping] === ASLEEP,
    places: [...senders, inspectPlace(header, RECEIVER, "receiver", lookUp)],
  };
}
