/**
 * The checksum of an image, as ImageHlp computes it.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/imagehlp/nf-imagehlp-checksummappedfile}
 * @module
 */

/**
 * Adds up an image in 16-bit words, with the carry put back in, and adds its length.
 *
 * @param image The image, an even number of bytes, whose checksum is 0 as yet.
 */
export function checksumOf(image: Uint8Array<ArrayBuffer>): number {
  const data = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let sum = 0;
  for (let at = 0; at < image.length; at += 2) {
    sum += data.getUint16(at, true);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum + image.length;
}
