// Task: test:command
//
// winipc dll. Each call is a process.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { buildSharedSection } from "../../src/dll/mod.ts";
import { winipc } from "./winipc.ts";
import { winipcOnTerminal } from "./terminal.ts";

const READ = ["--allow-read"];

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "winipc-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const TEXT = `\
x64 DLL

SECTION  ADDRESS  BYTES  ACCESS  SHARED
.ASHARE   0x1000     16  rw-     shared
.edata    0x2000     83  r--
.reloc    0x3000     12  r--

SHARED VARIABLE  ADDRESS  SECTION
best              0x1000  .ASHARE
visits            0x1008  .ASHARE
`;

Deno.test("winipc dll shows the image sections and the shared variables, without --allow-ffi", async () => {
  await using folder = await temporaryFolder();
  const image = buildSharedSection({
    section: ".ASHARE",
    machine: "x64",
    variables: { best: "f64", visits: "i32" },
  });
  const [file, private_, broken, text] = ["shared.dll", "private.dll", "broken.dll", "text.dll"]
    .map((name) => `${folder.path}\\${name}`) as [string, string, string, string];
  await Deno.writeFile(file, image);
  const header = findHeader(image, ".ASHARE");
  // IMAGE_SCN_MEM_SHARED is bit 28 of the characteristics at byte 36.
  await Deno.writeFile(private_, changed(image, header + 39, (byte) => byte & ~0x10));
  await Deno.writeFile(broken, changed(image, header, () => 0x1b));
  await Deno.writeTextFile(text, "no image");
  const run = (...args: string[]) => winipc(["dll", ...args], { flags: READ });
  const [shown, json, line, none, escaped, notImage, missing] = await Promise.all([
    run(file),
    run(file, "--json"),
    run(file, "--jsonl"),
    run(private_),
    run(broken),
    run(text),
    run(`${folder.path}\\nowhere`),
  ]);
  assertEquals(shown, { code: 0, out: TEXT, err: "" });
  assertEquals([json.code, json.err, line.code, line.err], [0, "", 0, ""]);
  assertEquals(JSON.parse(json.out), {
    machine: "x64",
    dll: true,
    sections: [
      { name: ".ASHARE", address: 0x1000, byteLength: 16, access: "rw-", shared: true },
      { name: ".edata", address: 0x2000, byteLength: 83, access: "r--", shared: false },
      { name: ".reloc", address: 0x3000, byteLength: 12, access: "r--", shared: false },
    ],
    exports: [
      { name: "best", ordinal: 1, address: 0x1000, section: ".ASHARE" },
      { name: "visits", ordinal: 2, address: 0x1008, section: ".ASHARE" },
    ],
    problems: [],
  });
  assertEquals(line.out, `${JSON.stringify(JSON.parse(json.out))}\n`);
  assertEquals([none.code, none.out], [
    0,
    TEXT.split("\n\nSHARED")[0]!.replace(/ +shared/, "") + "\n",
  ]);
  assertEquals(
    none.err,
    "No image section is shared: processes that load this file share no variables\n",
  );
  assertStringIncludes(escaped.out, "\n\\u001bASHARE  ");
  assertEquals([notImage.code, notImage.out], [1, ""]);
  assertStringIncludes(notImage.err, "text.dll");
  const path = JSON.stringify(`${folder.path}\\nowhere`);
  assertEquals(missing, {
    code: 3,
    out: "",
    err: `Cannot read ${path}: there is no such file\n`,
  });
});

Deno.test("winipc dll names the missing permission, and highlights on a terminal", async () => {
  await using folder = await temporaryFolder();
  const file = `${folder.path}\\shared.dll`;
  await Deno.writeFile(file, buildSharedSection({ machine: "x64", variables: { best: "f64" } }));
  const [denied, onTerminal] = await Promise.all([
    winipc(["dll", file]),
    winipcOnTerminal(["dll", file], { flags: READ }),
  ]);
  assertEquals(denied, {
    code: 4,
    out: "",
    err: "winipc dll needs the permission --allow-read, which Deno did not get: " +
      "add --allow-read after deno run, or install the command with --allow-read\n",
  });
  assertEquals([onTerminal.code, onTerminal.lines.at(-1)], [
    0,
    "best              0x1000  .shared",
  ]);
  assertStringIncludes(onTerminal.text, "\x1b[1mshared\x1b[22m");
});

/** Returns the offset of an image section's header. */
function findHeader(image: Uint8Array, name: string): number {
  return new TextDecoder("latin1").decode(image).indexOf(`${name}\0`);
}

/** Returns a copy of bytes in which one byte is changed. */
function changed(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  change: (byte: number) => number,
): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at] = change(copy[at]!);
  return copy;
}
