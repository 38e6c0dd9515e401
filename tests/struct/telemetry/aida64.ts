/**
 * The sensors of AIDA64: no struct, but fragments of XML in the system's code page, and a NUL. The
 * section is as long as the text.
 *
 * @module
 */

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

const FRAGMENT = /<(\w+)><id>([^<]*)<\/id><label>([^<]*)<\/label><value>([^<]*)<\/value><\/\1>/g;

/** Returns the sensors in a text. */
export function* sensorsIn(text: string): Generator<Sensor> {
  for (const [, kind = "", id = "", label = "", value = ""] of text.matchAll(FRAGMENT)) {
    yield { kind, id, label, value };
  }
}
