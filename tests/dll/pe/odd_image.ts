/**
 * Writes images field by field, as no linker would write them.
 *
 * @module
 */

/** `IMAGE_SCN_…` flags: initialised data, readable. */
export const READ = 0x4000_0040;
/** Initialised data, readable and writable. */
export const WRITE = 0xc000_0040;
/** Initialised data, readable, writable and shared by all processes. */
export const SHARED = 0xd000_0040;
/** Data that is not initialised, readable and writable. */
export const BSS = 0xc000_0080;

/** An image section of an odd image. */
export interface OddSection {
  name?: string;
  address: number;
  virtualSize: number;
  rawSize?: number;
  pointer?: number;
  flags?: number;
}

/** The fields of an odd image. A field that is left out has the value that a linker would write. */
export interface OddImage {
  x86?: boolean;
  machine?: number;
  characteristics?: number;
  sections: readonly OddSection[];
  /** Addresses and sizes of directories by their indices: 0 has the exports, 5 the relocations. */
  directories?: Readonly<Record<number, readonly [number, number]>>;
  directoryCount?: number;
  numberOfRvaAndSizes?: number;
  sectionAlignment?: number;
  fileAlignment?: number;
  sizeOfImage?: number;
  sizeOfHeaders?: number;
  symbolsAt?: number;
  symbolCount?: number;
  /** Bytes by their offsets in the file. */
  parts?: Readonly<Record<number, Uint8Array>>;
  byteLength?: number;
}

const HEADER_AT = 64;

/** Writes an odd image. */
export function oddImage(odd: OddImage): Uint8Array<ArrayBuffer> {
  const { x86 = false, sections, directoryCount = 16, sectionAlignment = 4096 } = odd;
  const optionalAt = HEADER_AT + 24;
  const fixed = x86 ? 96 : 112;
  const sectionsAt = optionalAt + fixed + directoryCount * 8;
  const end = sections.at(-1);
  const image = new Uint8Array(odd.byteLength ?? 4096);
  const data = new DataView(image.buffer);
  const u16 = (at: number, value: number) => data.setUint16(at, value, true);
  const u32 = (at: number, value: number) => data.setUint32(at, value, true);
  u16(0, 0x5a4d);
  u32(60, HEADER_AT);
  u32(HEADER_AT, 0x4550);
  u16(HEADER_AT + 4, odd.machine ?? (x86 ? 0x14c : 0x8664));
  u16(HEADER_AT + 6, sections.length);
  u32(HEADER_AT + 12, odd.symbolsAt ?? 0);
  u32(HEADER_AT + 16, odd.symbolCount ?? 0);
  u16(HEADER_AT + 20, fixed + directoryCount * 8);
  u16(HEADER_AT + 22, odd.characteristics ?? 0x2022);
  u16(optionalAt, x86 ? 0x10b : 0x20b);
  if (x86) u32(optionalAt + 28, 0x1000_0000);
  else data.setBigUint64(optionalAt + 24, 0x1_8000_0000n, true);
  u32(optionalAt + 32, sectionAlignment);
  u32(optionalAt + 36, odd.fileAlignment ?? 512);
  u16(optionalAt + 40, 6);
  u16(optionalAt + 48, 6);
  u32(
    optionalAt + 56,
    odd.sizeOfImage ?? (end ? end.address + (end.virtualSize || end.rawSize || 1) : 512),
  );
  u32(optionalAt + 60, odd.sizeOfHeaders ?? 512);
  u16(optionalAt + 68, 2);
  u16(optionalAt + 70, 0x100);
  u32(optionalAt + fixed - 4, odd.numberOfRvaAndSizes ?? directoryCount);
  for (const [index, [address, size]] of Object.entries(odd.directories ?? {})) {
    u32(optionalAt + fixed + Number(index) * 8, address);
    u32(optionalAt + fixed + Number(index) * 8 + 4, size);
  }
  sections.forEach((section, index) => {
    const at = sectionsAt + index * 40;
    image.set(new TextEncoder().encode(section.name ?? `.s${index}`).subarray(0, 8), at);
    u32(at + 8, section.virtualSize);
    u32(at + 12, section.address);
    u32(at + 16, section.rawSize ?? 0);
    u32(at + 20, section.pointer ?? 0);
    u32(at + 36, section.flags ?? READ);
  });
  for (const [at, bytes] of Object.entries(odd.parts ?? {})) image.set(bytes, Number(at));
  return image;
}

/** Returns the bytes of 32-bit numbers, of texts with a NUL, and of `[number]` as 16 bits. */
export function bytesOf(...values: readonly (number | string | readonly [number])[]) {
  const parts = values.map((value) =>
    typeof value === "number"
      ? new Uint8Array(Uint32Array.of(value).buffer)
      : typeof value === "string"
      ? new TextEncoder().encode(`${value}\0`)
      : new Uint8Array(Uint16Array.of(value[0]).buffer)
  );
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
