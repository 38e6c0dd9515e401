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

import { kernel32 } from "../ffi/win32/kernel32.ts";
import { beginReport, BESIDE } from "./report_arguments.ts";
import { checkLimit, type MeasuredCase, quantile, reportGroup } from "./report_group.ts";
import { countModules, MAX_MODULES, runPeer } from "./start_modules.ts";

const ROUNDS = 9;
const MEMORY = "src/memory/mod.ts";
/**
 * Maximum median time to import the whole library, in milliseconds. Other programs can delay the
 * import, so a run also meets the limit by {@linkcode MAX_IMPORT_RATIO}.
 */
const MAX_IMPORT = 150;
/**
 * Maximum median time to import the whole library, as a multiple of the time for empty modules: as
 * many as {@linkcode MAX_MODULES} allows. On Wine, these modules take 120 to 190 ms, and the
 * library 1.25 to 1.51 times as long. With 154 modules it took 1.81 to 2.0 times as long.
 */
const MAX_IMPORT_RATIO = 1.75;
/**
 * Maximum median time of the first `SharedMemory.create` of a process, in milliseconds. Other
 * programs can delay the call, so a run also meets the limit by {@linkcode MAX_FIRST_USE_RATIO}.
 */
const MAX_FIRST_USE = 8;
/**
 * Maximum median time of the first `SharedMemory.create`, as a multiple of one `Deno.dlopen` of one
 * function and a call of it. On Wine, the floor takes 1 to 2.6 ms, and the library 4 to 6 times as
 * long.
 */
const MAX_FIRST_USE_RATIO = 8;
/** Maximum time of a call through a getter, as a multiple of a call without. */
const MAX_CALL = 1.3;
const CALLS = 2_000_000;

const { beside } = await beginReport([]);
const here = new URL("../", import.meta.url);
const checkouts: [suffix: string, root: URL][] = beside === undefined
  ? [["", here]]
  : [["", here], [BESIDE, beside]];

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
  const empty = new URL("peers/empty_module.ts", import.meta.url);
  const count = MAX_MODULES["mod.ts"]!;
  const cases: Record<string, MeasuredCase> = {
    "an empty module": timedImport(empty.href),
    [`${count} empty modules`]: timedImport(manyModules(empty, count)),
  };
  for (const name of ["mod.ts", MEMORY]) {
    for (const [suffix, root] of checkouts) {
      cases[name + suffix] = timedImport(new URL(name, root).href);
    }
  }
  const taken = keepSamples(cases, [`${count} empty modules`, "mod.ts"]);
  await reportGroup({ name: "import in a new process", cases, rounds: ROUNDS });
  checkTime(taken, { max: MAX_IMPORT, ratio: MAX_IMPORT_RATIO });
}

/** Returns the URL of a module that imports `count` copies of an empty module. */
function manyModules(empty: URL, count: number): string {
  const imports = Array.from({ length: count }, (_, n) => `import "${empty.href}?${n}";`);
  return `data:text/javascript,${encodeURIComponent(imports.join(""))}`;
}

function timedImport(url: string): MeasuredCase {
  return { measure: async () => [Number(await runPeer("time_import.ts", [url])) * 1e6] };
}

/** Keeps the samples of two cases, without the first round: of the floor, and of the library. */
function keepSamples(
  cases: Record<string, MeasuredCase>,
  [floor, library]: [floor: string, library: string],
): [floor: number[], library: number[]] {
  return [keep(floor), keep(library)];

  function keep(name: string): number[] {
    const kept: number[] = [];
    const { measure } = cases[name]!;
    let round = 0;
    cases[name] = {
      measure: async () => {
        const taken = await measure();
        if (round++ > 0) kept.push(...taken);
        return taken;
      },
    };
    return kept;
  }
}

/** Checks the median of the library: the time in milliseconds, or the multiple of the floor. */
function checkTime(
  [floor, library]: [floor: number[], library: number[]],
  limit: { max: number; ratio: number },
): void {
  const time = quantile(library, 0.5) / 1e6;
  const ratio = time * 1e6 / quantile(floor, 0.5);
  checkLimit(
    `${time.toFixed(1)} ms, ${ratio.toFixed(2)} times the floor`,
    time <= limit.max || ratio <= limit.ratio,
    { bound: `at most ${limit.max} ms, or ${limit.ratio} times the floor` },
  );
}

async function reportFirstUse(): Promise<void> {
  const cases: Record<string, MeasuredCase> = {
    "a bare call": {
      measure: async () => [Number(await runPeer("time_bare_call.ts", [])) * 1e6],
    },
  };
  for (const [suffix, root] of checkouts) {
    const later: number[] = [];
    cases[`the first${suffix}`] = {
      measure: async () => {
        const line = await runPeer("time_first_use.ts", [new URL(MEMORY, root).href]);
        const [begin, end] = line.split(" ").map(Number) as [number, number];
        later.push(end * 1e6);
        return [begin * 1e6];
      },
    };
    cases[`a later one${suffix}`] = { measure: () => later.splice(0) };
  }
  const taken = keepSamples(cases, ["a bare call", "the first"]);
  await reportGroup({ name: "SharedMemory.create in a new process", cases, rounds: ROUNDS });
  checkTime(taken, { max: MAX_FIRST_USE, ratio: MAX_FIRST_USE_RATIO });
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
