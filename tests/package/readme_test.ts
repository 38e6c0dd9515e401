// The first example of the README, as a reader pastes it.

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { randomName } from "../support/random_name.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

/** A process that writes lines. */
type Running = AsyncDisposable & {
  /** Gives the next line, or undefined at the end. */
  nextLine(): Promise<string | undefined>;
};

/** Puts a script of the README, which begins with its file's name and its command, into a folder. */
async function paste(file: string, folder: string, name: string): Promise<string[]> {
  const block = readme.split(/^```.*$/m).find((text) => text.startsWith(`\n// ${file}: `));
  assert(block !== undefined, `the README has no ${file}`);
  assert(block.includes('"visits"'), `${file} has another name for the memory`);
  await Deno.writeTextFile(`${folder}/${file}`, block.replaceAll('"visits"', `"${name}"`));
  const [program, ...args] = block.split(/\r?\n/)[1]!.split(": ")[1]!.split(" ");
  assertEquals(program, "deno");
  return args;
}

/** Runs the command of a pasted script. */
function run(args: string[], cwd: string): Running {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  return {
    nextLine: async () => (await lines.read()).value,
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It ended by itself.
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await lines.cancel();
    },
  };
}

Deno.test("The README's first example works as pasted: its reader sees the counter grow", async () => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const module = new URL("../../mod.ts", import.meta.url).href;
    const config = { imports: { "@winipc/winipc": module } };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    const name = randomName();
    const [counting, reading] = [
      await paste("counter.ts", folder, name),
      await paste("reader.ts", folder, name),
    ];
    await using _counter = run(counting, folder);
    await using reader = run(reading, folder);
    const counts: number[] = [];
    // The reader may look before the first count, and twice before the next one on a busy machine.
    while (new Set(counts).size < 4) {
      const text = await reader.nextLine();
      const count = text?.match(/^The counter stands at (\d+)$/)?.[1];
      assert(count !== undefined, `${text}`);
      assertGreaterOrEqual(Number(count), counts.at(-1) ?? 0);
      counts.push(Number(count));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
