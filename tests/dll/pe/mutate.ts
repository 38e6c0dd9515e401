/** The number of bytes at the beginning of most images that contain their headers. */
const HEADERS = 512;

/** Returns a generator of pseudo-random numbers (xorshift32), which are the same in each run. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/**
 * Returns a copy of an image with a few changed bytes or words, or a shorter copy.
 *
 * Half of the changes are in the headers. Changed words become extreme values.
 */
export function mutate(
  image: Uint8Array<ArrayBuffer>,
  below: (limit: number) => number,
): Uint8Array<ArrayBuffer> {
  const mutated = image.slice(0, below(10) === 0 ? below(image.length) : image.length);
  for (let changes = 1 + below(4); changes > 0 && mutated.length > 0; changes--) {
    const at = below(below(2) === 0 ? Math.min(HEADERS, mutated.length) : mutated.length);
    if (below(2) === 0 || at + 4 > mutated.length) mutated[at] = below(256);
    else {
      const extremes = [0, 1, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, below(2 ** 32)];
      new DataView(mutated.buffer).setUint32(at, extremes[below(extremes.length)]!, true);
    }
  }
  return mutated;
}
