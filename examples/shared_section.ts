/**
 * Shares the variables of a DLL between all processes that load the file. The example builds the
 * DLL without a compiler.
 *
 *     deno run --allow-write examples/shared_section.ts build --file visits.dll
 *     deno run --allow-ffi examples/shared_section.ts raise --file visits.dll --times 1000 --hold
 *     deno run --allow-ffi examples/shared_section.ts raise --file visits.dll --times 1000
 *     deno run --allow-ffi examples/shared_section.ts inspect --file visits.dll
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { buildSharedSection, inspectImage, SharedSection, utf16 } from "@winipc/winipc";

/** The variables in the DLL: a count, and the name of the last process. */
export const variables = { visits: "u32", last: utf16(64) } as const;

/** Returns the bytes of the DLL. */
export function build(): Uint8Array<ArrayBuffer> {
  return buildSharedSection({
    section: ".ASHARE",
    variables,
    initial: { last: "nobody yet" },
    fileName: "visits.dll",
  });
}

/** Adds to the count, and writes the name of this process. */
export function raise(section: SharedSection<typeof variables>, times: number): void {
  for (let i = 0; i < times; i++) section.counters.visits.add(1);
  // Writing a text is not atomic: two processes can write at the same time and mix their texts.
  section.variables.last = `process ${Deno.pid}`;
}

/** Describes a DLL, with one line for each image section and export. */
function* describe(file: string): Generator<string> {
  const { machine, sections, exports } = inspectImage(file);
  yield `An image for ${machine}`;
  for (const { name, byteLength, shared, writable } of sections) {
    const access = shared && writable ? "shared by all processes" : "each process has its own copy";
    yield `section ${name}: ${byteLength} bytes, ${access}`;
  }
  for (const { name, section } of exports) yield `export ${name} in ${section}`;
}

if (import.meta.main) {
  const { _: [role], file, times, hold } = parseArgs(Deno.args, {
    string: ["file", "times"],
    boolean: ["hold"],
    default: { file: "visits.dll", times: "1" },
  });
  if (role === "build") {
    Deno.writeFileSync(file, build());
    console.log("Wrote", file);
  } else if (role === "raise") {
    using section = SharedSection.load(file, { exports: variables });
    const { last } = section.variables;
    raise(section, Number(times));
    console.log("The last visit was by", last, "and the count is", section.counters.visits.load());
    if (hold) {
      // The values exist while at least one process has the DLL loaded.
      console.log("Keeping the DLL loaded until the standard input ends");
      for await (const _ of Deno.stdin.readable);
      console.log("The count is", section.counters.visits.load());
    }
  } else if (role === "inspect") {
    for (const line of describe(file)) console.log(line);
  } else {
    console.error(
      "Usage: shared_section.ts build|raise|inspect [--file FILE] [--times N] [--hold]",
    );
    Deno.exit(2);
  }
}
