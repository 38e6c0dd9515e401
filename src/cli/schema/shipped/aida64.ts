/**
 * The sensors of AIDA64: no struct, but fragments of XML in the system's code page, and a NUL.
 *
 * ```text
 * <temp><id>TCPU</id><label>CPU</label><value>61</value></temp>
 * ```
 *
 * The form is the same in many public readers. Nothing says that a write is going on.
 *
 * @module
 */

import { ansi } from "../../../struct/mod.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, type Part, shown } from "./part.ts";
import type { Shipped } from "./shipped.ts";

/** Maximum length of the text in bytes: a thousand sensors have less. */
const MAX_TEXT = 2 ** 20;

/** Matches a sensor. The parts of its text are groups, whose places are wanted (flag d). */
const SENSOR =
  /<(\w{1,32})><id>([^<]*)<\/id><label>([^<]*)<\/label><value>([^<]*)<\/value><\/\1>/dg;

export const AIDA64: Shipped = {
  names: ["AIDA64_SensorValues"],
  schema: memorySchema({
    name: "AIDA64",
    byteLength: 1,
    partsOf: (memory) => ({ sensors: { kind: "list", entries: sensorsOf(memory) } }),
    // Only two equal copies show that no write was going on.
    isWhole: ({ bytes: copy }, { bytes: now }) => textOf(copy) === textOf(now),
  }),
};

/** Each byte is one character here: only the number of characters counts, not which they are. */
const LATIN1 = new TextDecoder("latin1");

/**
 * Returns the bytes before the NUL, each as the character with its number. All marks of XML are
 * ASCII, so that the text is searched before it is decoded, and offsets count bytes.
 */
function textOf(bytes: Uint8Array): string {
  const end = bytes.subarray(0, MAX_TEXT).indexOf(0);
  return LATIN1.decode(bytes.subarray(0, end < 0 ? MAX_TEXT : end));
}

function sensorsOf(memory: MemoryCopy): { index: number; part: Part }[] {
  const text = textOf(memory.bytes);
  const sensors = [...text.matchAll(SENSOR)].map(({ indices }, index) => {
    const [, kind, id, label, value] = (indices ?? []).map((place) => textAt(memory, place));
    return { index, part: group({ label, kind, value, id }) };
  });
  if (sensors.length === 0 && text !== "") {
    throw memory.corrupt("its text has no sensors, such as <temp><id>TCPU</id>…</temp>");
  }
  return sensors;
}

/** Returns the text between two offsets. */
function textAt({ bytes }: MemoryCopy, [start, end]: readonly [number, number] = [0, 0]): Part {
  return shown(start, `ansi[${end - start}]`, ansi.read(bytes.subarray(start, end)));
}
