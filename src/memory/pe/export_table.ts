/**
 * The export table of an image: the names of variables, for `GetProcAddress`.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/debug/pe-format#the-edata-section-image-only}
 * @module
 */

import { IMAGE_EXPORT_DIRECTORY } from "./format.ts";

/**
 * Writes an export table.
 *
 * @param fileName The file name of the image.
 * @param address Where the table will be in the memory, from the image's base.
 * @param variables Where each variable is in its section, in bytes.
 * @param sectionAddress Where that section is.
 */
export function exportTable(
  fileName: string,
  address: number,
  variables: ReadonlyMap<string, number>,
  sectionAddress: number,
): Uint8Array<ArrayBuffer> {
  // Windows looks names up by halves, so they have to be in the order of their bytes.
  const names = [...variables.keys()].sort();
  const count = names.length;
  const functionsAt = IMAGE_EXPORT_DIRECTORY.byteLength;
  const namesAt = functionsAt + count * 4;
  const ordinalsAt = namesAt + count * 4;
  const textsAt = ordinalsAt + count * 2;
  const texts = [fileName, ...names].map((text) => new TextEncoder().encode(`${text}\0`));
  const table = new Uint8Array(textsAt + texts.reduce((sum, { length }) => sum + length, 0));
  const data = new DataView(table.buffer);
  let at = textsAt;
  const textAddresses = texts.map((text) => {
    table.set(text, at);
    at += text.length;
    return address + at - text.length;
  });
  IMAGE_EXPORT_DIRECTORY.write(table, {
    Name: textAddresses[0]!,
    Base: 1,
    NumberOfFunctions: count,
    NumberOfNames: count,
    AddressOfFunctions: address + functionsAt,
    AddressOfNames: address + namesAt,
    AddressOfNameOrdinals: address + ordinalsAt,
  });
  names.forEach((name, index) => {
    data.setUint32(functionsAt + index * 4, sectionAddress + variables.get(name)!, true);
    data.setUint32(namesAt + index * 4, textAddresses[index + 1]!, true);
    data.setUint16(ordinalsAt + index * 2, index, true);
  });
  return table;
}
