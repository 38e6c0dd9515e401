/**
 * Prints the time that a script without this library needs to create a section, in milliseconds:
 * one `Deno.dlopen` and one call of `CreateFileMappingW`.
 *
 * @module
 */

const NO_FILE = 0xffff_ffff_ffff_ffffn;
const PAGE_READWRITE = 0x4;
const name = new Uint16Array([...`bare-call-${crypto.randomUUID()}\0`].map((c) => c.charCodeAt(0)));

const begin = performance.now();
const kernel32 = Deno.dlopen("kernel32.dll", {
  CreateFileMappingW: {
    parameters: ["u64", "u64", "u32", "u32", "u32", "buffer"],
    result: "u64",
  },
});
const section = kernel32.symbols.CreateFileMappingW(NO_FILE, 0n, PAGE_READWRITE, 0, 4096, name);
const time = performance.now() - begin;
if (section === 0n) throw new Error("CreateFileMappingW failed");
console.log(time);
