/**
 * The memory that is mapped to be read only, which structs must not be written to.
 *
 * Windows would give a writer a private copy of the page, which no longer follows what others write.
 *
 * @module
 */

/** What messages call the memory under a buffer. */
const labels = new WeakMap<ArrayBufferLike, string>();

/**
 * Has all views of structs refuse to write to a buffer.
 *
 * @param label What messages call the memory: `shared memory "Local\\x"`.
 */
export function markReadOnly(buffer: ArrayBuffer, label: string): void {
  labels.set(buffer, label);
}

/** Whether the memory under a buffer is mapped to be read only. */
export function isReadOnly(buffer: ArrayBufferLike): boolean {
  return labels.has(buffer);
}

/**
 * Throws if the memory under a buffer is mapped to be read only.
 *
 * @param what What is to be written, for the message.
 * @throws {TypeError} If it is.
 */
export function assertWritable(what: string, buffer: ArrayBufferLike): void {
  const label = labels.get(buffer);
  if (label === undefined) return;
  throw new TypeError(
    `Cannot write ${what}: this view of ${label} is mapped to be read; open the memory, and map ` +
      'it, with { access: "readwrite" }',
  );
}
