/** Returns a message with a number. */
export function numbered(number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

/** Returns the number of a message. */
export function numberOf({ buffer, byteOffset }: Uint8Array): number {
  return new DataView(buffer, byteOffset).getUint32(0, true);
}

/** Waits until a condition is true. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited 30 s until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
