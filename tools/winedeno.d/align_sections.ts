/**
 * Makes the sections of a Windows program begin at pages of its file: align_sections.ts PROGRAM
 *
 * Wine maps such a section from the file. It reads other sections into the memory of each process:
 * 97 MB for each start of Deno, which take a third of the time of the start. Certificates and other
 * bytes after the last section are left out.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format}
 * @module
 */

/** The size of a page in bytes. */
const PAGE = 4096;
/** Offsets in the file header, which begins with the letters "PE", in bytes. */
const FILE_HEADER = { numberOfSections: 6, sizeOfOptionalHeader: 20, byteLength: 24 } as const;
/** Offsets in the optional header of a 64-bit program, in bytes. */
const OPTIONAL_HEADER = {
  magic: 0,
  fileAlignment: 36,
  sizeOfHeaders: 60,
  checkSum: 64,
  certificates: 144,
} as const;
const PE32_PLUS = 0x20b;
/** Offsets in the header of a section, in bytes. */
const SECTION_HEADER = { sizeOfRawData: 16, pointerToRawData: 20, byteLength: 40 } as const;

const [program] = Deno.args;
if (program === undefined) throw new TypeError("Expected the path of a program");
const bytes = await Deno.readFile(program);
const header = new DataView(bytes.buffer);
const start = header.getUint32(0x3c, true);
const optional = start + FILE_HEADER.byteLength;
if (header.getUint16(optional + OPTIONAL_HEADER.magic, true) !== PE32_PLUS) {
  throw new TypeError(`${program} is not a program for 64-bit Windows`);
}
const firstSection = optional + header.getUint16(start + FILE_HEADER.sizeOfOptionalHeader, true);
const count = header.getUint16(start + FILE_HEADER.numberOfSections, true);
const headersLength = header.getUint32(optional + OPTIONAL_HEADER.sizeOfHeaders, true);

let end = toPage(headersLength);
const moves = Array.from({ length: count }, (_, index) => {
  const at = firstSection + index * SECTION_HEADER.byteLength;
  const length = header.getUint32(at + SECTION_HEADER.sizeOfRawData, true);
  const from = header.getUint32(at + SECTION_HEADER.pointerToRawData, true);
  const to = end;
  end += toPage(length);
  header.setUint32(at + SECTION_HEADER.sizeOfRawData, toPage(length), true);
  header.setUint32(at + SECTION_HEADER.pointerToRawData, to, true);
  return { from, length, to };
});
header.setUint32(optional + OPTIONAL_HEADER.fileAlignment, PAGE, true);
header.setUint32(optional + OPTIONAL_HEADER.sizeOfHeaders, toPage(headersLength), true);
header.setUint32(optional + OPTIONAL_HEADER.checkSum, 0, true);
header.setBigUint64(optional + OPTIONAL_HEADER.certificates, 0n, true);

const aligned = new Uint8Array(end);
aligned.set(bytes.subarray(0, headersLength));
for (const { from, length, to } of moves) aligned.set(bytes.subarray(from, from + length), to);
await Deno.writeFile(program, aligned);

function toPage(length: number): number {
  return Math.ceil(length / PAGE) * PAGE;
}
