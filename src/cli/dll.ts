import { openToRead } from "./input/file.ts";
import { bold } from "@std/fmt/colors";
import { alignColumns } from "./printing/columns.ts";
import type { Invocation } from "./command_line/command.ts";
import type { SpecOf } from "./commands.ts";
import { escapeText } from "./printing/escape.ts";
import { type ImageExport, type ImageInfo, readImage } from "../dll/image.ts";
import type { ImageSection } from "../dll/pe/sections.ts";
import { toJson } from "./printing/json.ts";
import { formatOf } from "./printing/records.ts";
import type { Output } from "./printing/output.ts";
import { show } from "../../ffi/arguments.ts";

/** Runs `winipc dll`: shows the image sections of a DLL, and the variables in the shared ones. */
export async function run({ args, options, output }: Invocation<SpecOf<"dll">>): Promise<void> {
  const format = formatOf(options);
  const info = readImage(await readFile(args.file), `file ${show(args.file)}`);
  const shared = new Set(info.sections.filter(({ shared }) => shared).map(({ name }) => name));
  const exports = info.exports.filter(({ section }) =>
    section !== undefined && shared.has(section)
  );
  if (format === "text") printText(info, exports, output);
  else output.line(toJson(recordOf(info, exports), format === "json" ? 2 : 0));
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openToRead(path, show(path));
  return await new Response(file.readable).bytes();
}

/** The JSON object. Its keys are in the table of subcommands. */
function recordOf({ machine, dll, sections, problems }: ImageInfo, exports: ImageExport[]) {
  return {
    machine,
    dll,
    sections: sections.map(({ name, address, byteLength, shared, ...access }) => ({
      name,
      address,
      byteLength,
      access: accessOf(access),
      shared,
    })),
    exports: exports.map(({ name, ordinal, address, section }) => ({
      name,
      ordinal,
      address,
      section,
    })),
    problems,
  };
}

function printText(info: ImageInfo, exports: readonly ImageExport[], output: Output): void {
  const { machine, sections, problems } = info;
  const kind = info.dll ? "DLL" : "program";
  output.line(`${typeof machine === "number" ? `machine ${hex(machine)}` : machine} ${kind}`);
  output.line("");
  const rows = sections.map((section) => [
    escapeText(section.name),
    hex(section.address),
    String(section.byteLength),
    accessOf(section),
    section.shared ? bold("shared") : "",
  ]);
  const head = ["SECTION", "ADDRESS", "BYTES", "ACCESS", "SHARED"];
  for (const line of alignColumns([head, ...rows], [1, 2])) output.line(line);
  if (exports.length > 0) {
    output.line("");
    const found = exports.map(({ name, ordinal, address, section }) => [
      name === undefined ? `#${ordinal}` : escapeText(name),
      hex(address),
      escapeText(section ?? ""),
    ]);
    const lines = alignColumns([["SHARED VARIABLE", "ADDRESS", "SECTION"], ...found], [1]);
    for (const line of lines) output.line(line);
  }
  if (!sections.some(({ shared }) => shared)) {
    output.note("No image section is shared: processes that load this file share no variables");
  } else if (exports.length === 0) {
    output.note("No variable in a shared image section is exported: only its own code knows them");
  }
  for (const { message, offset, unsafe } of problems) {
    const advice = unsafe ? "; SharedSection.load() refuses this file" : "";
    output.note(`Problem at byte ${offset}: ${escapeText(message)}${advice}`);
  }
}

/** Returns the access as letters: read, write, execute. */
function accessOf(
  section: Pick<ImageSection, "readable" | "writable" | "executable">,
): string {
  const { readable, writable, executable } = section;
  return `${readable ? "r" : "-"}${writable ? "w" : "-"}${executable ? "x" : "-"}`;
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
