/**
 * How messages call what lives in a memory: `channel "Local\\lines"`.
 *
 * An end knows its memory alone, and a message is made where something goes wrong. So the label is
 * kept beside the memory, and is looked up only then.
 *
 * @module
 */

const labels = new WeakMap<ArrayBufferLike, string>();

/**
 * Says how messages call what lives in a memory.
 *
 * @param label What follows an article: `channel "Local\\lines"`.
 */
export function nameMemory(buffer: ArrayBufferLike, label: string): void {
  labels.set(buffer, label);
}

/** How messages call what lives in a memory; `"channel"` where nobody has said it. */
export function labelOf(buffer: ArrayBufferLike): string {
  return labels.get(buffer) ?? "channel";
}

/**
 * How messages call what has a name, or none.
 *
 * @param noun What it is: `"channel"`.
 */
export function labelFor(noun: string, name: string | undefined): string {
  return name === undefined ? `anonymous ${noun}` : `${noun} "${name}"`;
}

/**
 * How messages call what was inherited.
 *
 * @param noun What it is: `"channel"`.
 * @param key The key under which it was inherited.
 */
export function labelForKey(noun: string, key: string): string {
  return `${noun} inherited as "${key}"`;
}
