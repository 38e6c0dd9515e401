/**
 * The sensors of AIDA64: no struct, but fragments of XML in the system's code page, and a NUL.
 *
 * @module
 */

import { ansi, struct } from "../../../src/struct/mod.ts";

/** The name of the memory. */
export const NAME = "AIDA64_SensorValues";

/** A sensor. */
export interface Sensor {
  /** The kind of sensor: `temp`, `volt`, … */
  kind: string;
  id: string;
  label: string;
  value: string;
}

/** Returns the text up to the NUL. */
export function textOf(bytes: Uint8Array): string {
  return struct({ text: ansi(bytes.length) }).read(bytes).text;
}

const FRAGMENT =
  /<(\w+)><id>([^<]*)<\/id><label>([^<]*)<\/label><value>([^<]*)<\/value><\/\1>/g;

/** Returns the sensors in a text. */
export function* sensorsIn(text: string): Generator<Sensor> {
  for (const [, kind = "", id = "", label = "", value = ""] of text.matchAll(FRAGMENT)) {
    yield { kind, id, label, value };
  }
}
