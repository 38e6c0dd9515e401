/**
 * Variables in a DLL that no compiler made: whoever loads the same file shares them.
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

/** What is in the DLL: a count, and who was there last. */
export const variables = { visits: "u32", last: utf16(64) } as const;

/** Makes the bytes of the DLL. */
export function build(): Uint8Array<ArrayBuffer> {
  return buildSharedSection({
    section: ".ASHARE",
    variables,
    initial: { last: "nobody yet" },
    fileName: "visits.dll",
  });
}

/** Raises the count, and says who did. */
export function raise(section: SharedSection<typeof variables>, times: number): void {
  for (let i = 0; i < times; i++) section.counters.visits.add(1);
  // Two processes may write it at the same time; a text is not written in one step.
  section.variables.last = `process ${Deno.pid}`;
}

/** Tells what a DLL shares, one line for each section and export. */
function* describe(file: string): Generator<string> {
  const { machine, sections, exports } = inspectImage(file);
  yield `An image for ${machine}`;
  for (const { name, byteLength, shared, writable } of sections) {
    const access = shared && writable ? "shared by all processes" : "each process has its own";
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
    console.log("Made", file);
  } else if (role === "raise") {
    using section = SharedSection.load(file, { exports: variables });
    const { last } = section.variables;
    raise(section, Number(times));
    console.log("After", last, "the count stands at", section.counters.visits.load());
    if (hold) {
      // The values live for as long as somebody has the DLL loaded.
      console.log("Holding it until the input ends");
      for await (const _ of Deno.stdin.readable);
      console.log("It stands at", section.counters.visits.load());
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
