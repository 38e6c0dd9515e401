/**
 * Measures what a script pays before its first message: the imports, and the first call.
 *
 *     deno task report:start [--beside FOLDER]
 *
 * With `--beside` it also measures the library of another checkout. Each sample is of a new process.
 * The processes are interleaved, in alternating order, and medians are compared. The exit code is 1
 * if a limit is missed.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { pathToFileURL } from "node:url";
import { kernel32 } from "../ffi/win32/kernel32.ts";
import { findCommit } from "./commit.ts";
import { checkLimit, type MeasuredCase, quantile, reportGroup } from "./report_group.ts";
import { countModules, MAX_MODULES, runPeer } from "./start_modules.ts";

const ROUNDS = 9;
const MEMORY = "src/memory/mod.ts";
/** Maximum median time of the first `SharedMemory.create` of a process, in milliseconds. */
const MAX_FIRST_USE = 8;
/** Maximum time of a call through a getter, as a multiple of a call without. */
const MAX_CALL = 1.3;
const CALLS = 2_000_000;

const options = parseArgs(Deno.args, { string: ["beside"] });
const beside = options.beside === undefined ? undefined : pathToFileURL(`${options.beside}/`);
const here = new URL("../", import.meta.url);
const checkouts: [suffix: string, root: URL][] = beside === undefined
  ? [["", here]]
  : [["", here], [", beside", beside]];

console.log(`winipc at ${await findCommit()}, ${Deno.build.arch}, Deno ${Deno.version.deno}`);
if (beside !== undefined) console.log(`beside ${await findCommit(beside)}`);
await reportModules();
await reportImports();
await reportFirstUse();
await reportCalls();

async function reportModules(): Promise<void> {
  console.log("\nmodules that an import loads");
  for (const [name, limit] of Object.entries(MAX_MODULES)) {
    for (const [suffix, root] of checkouts) {
      const count = await countModules(name, root);
      console.log(`${`${count}`.padStart(11)}   ${name}${suffix}`);
      if (suffix === "") {
        checkLimit(`${count} modules`, count <= limit, { bound: `at most ${limit}` });
      }
    }
  }
}

async function reportImports(): Promise<void> {
  const cases: Record<string, MeasuredCase> = {
    "an empty module": timedImport(new URL("peers/empty_module.ts", import.meta.url)),
  };
  for (const name of ["mod.ts", MEMORY]) {
    for (const [suffix, root] of checkouts) cases[name + suffix] = timedImport(new URL(name, root));
  }
  await reportGroup({ name: "import in a new process", cases, rounds: ROUNDS });
}

function timedImport(url: URL): MeasuredCase {
  return { measure: async () => [Number(await runPeer("time_import.ts", [url.href])) * 1e6] };
}

async function reportFirstUse(): Promise<void> {
  const first: number[] = [];
  const cases: Record<string, MeasuredCase> = {};
  for (const [suffix, root] of checkouts) {
    const later: number[] = [];
    cases[`the first${suffix}`] = {
      measure: async () => {
        const line = await runPeer("time_first_use.ts", [new URL(MEMORY, root).href]);
        const [begin, end] = line.split(" ").map(Number) as [number, number];
        later.push(end * 1e6);
        if (suffix === "") first.push(begin);
        return [begin * 1e6];
      },
    };
    cases[`a later one${suffix}`] = { measure: () => later.splice(0) };
  }
  await reportGroup({ name: "SharedMemory.create in a new process", cases, rounds: ROUNDS });
  const median = quantile(first, 0.5);
  checkLimit(`${median.toFixed(1)} ms`, median <= MAX_FIRST_USE, {
    bound: `at most ${MAX_FIRST_USE} ms`,
  });
}

async function reportCalls(): Promise<void> {
  const plain = Deno.dlopen("kernel32.dll", {
    GetCurrentThreadId: { parameters: [], result: "u32" },
  });
  const cases = {
    "a function of Deno.dlopen": { measure: () => [timePlain(() => plain.symbols)] },
    "a function of kernel32()": {
      measure: () => [timeLazy()],
      atMost: { "a function of Deno.dlopen": MAX_CALL },
    },
  };
  await reportGroup({ name: "GetCurrentThreadId, called again and again", cases });
  plain.close();
}

function timePlain(functions: () => { GetCurrentThreadId(): number }): number {
  const begin = performance.now();
  for (let i = 0; i < CALLS; i++) functions().GetCurrentThreadId();
  return (performance.now() - begin) * 1e6 / CALLS;
}

function timeLazy(): number {
  const begin = performance.now();
  for (let i = 0; i < CALLS; i++) kernel32().GetCurrentThreadId();
  return (performance.now() - begin) * 1e6 / CALLS;
}
