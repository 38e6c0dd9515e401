// Task: test:package
//
// The scripts in README.md and docs, as a reader pastes them: each in a process of its own, by the
// command that its first line shows. `deno task test:docs` runs the other blocks.

import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import { TextLineStream } from "@std/streams";
import { NatsServer } from "../support/nats_server.ts";
import { randomName } from "../support/random_name.ts";
import { serveProject } from "../support/serve_project.ts";
import { within } from "../support/within.ts";

const root = new URL("../../", import.meta.url);
const pages = ["README.md"];
for await (const { name } of Deno.readDir(new URL("docs/", root))) {
  if (name.endsWith(".md")) pages.push(`docs/${name}`);
}
const texts = await Promise.all(pages.map((page) => Deno.readTextFile(new URL(page, root))));
const text = texts.join("\n").replaceAll("\r\n", "\n");

/** The scripts: the blocks whose first line is a comment with a file's name. */
const SCRIPTS = new Map(
  Array.from(text.matchAll(/^```ts ignore\n(\/\/ (\w+\.ts).*\n[^]*?)^```$/gm), (block) => {
    const [, text, file] = block;
    return [file!, text!];
  }),
);

/** The doors of the module, such as `./memory`, and their paths. */
const CONFIG = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
const DOORS: readonly [string, string][] = Object.entries(CONFIG.exports);

/** The packages of the NATS client, which a reader adds to a project. */
const NATS_IMPORTS = Object.fromEntries(
  Object.entries(CONFIG.imports).filter(([name]) => name.startsWith("@nats-io/")),
);

/** The names of objects in the scripts. A test gives them names of its own. */
const NAMES = [
  "visits",
  "car",
  "lines",
  "MyWindowClass",
  "Taker",
  "beyond-here",
  "beyond-there",
  "copy of state",
  "jobs",
  "my-viewer",
  "state",
  "work",
  "my-notes",
  "my-game",
  "my-log",
  "my-camera",
  "my-calculator",
  "MyLegacyWindow",
  "my-trades",
  "shout",
  "upper",
  "adder",
];

/** A script that runs. */
interface Running extends AsyncDisposable {
  /** Returns the next line of its output, or `undefined` at the end. */
  nextLine(): Promise<string | undefined>;
  /** Returns all further lines of its output, when it has ended. */
  rest(): Promise<string[]>;
}

/** Where scripts get the module. */
interface Source {
  /** The server that has its files. */
  origin: string;
  /** The folder in which Deno keeps the files that it got. */
  cache: string;
  /** The address of the NATS server, if the scripts use one. */
  nats: string | undefined;
}

/** A folder with scripts in it. */
interface Folder extends AsyncDisposable {
  /** Runs a script by the command in its first line. */
  run(file: string): Running;
}

/**
 * Pastes scripts into a new folder. The module comes from a server, as from a registry.
 * A script that starts a child takes it from the checkout: the child's command has no flag that
 * allows that server.
 */
async function paste(files: readonly string[], source: Source): Promise<Folder> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const startsChild = files.some((file) => SCRIPTS.get(file)?.includes("Deno.execPath()"));
  const from = startsChild ? root.href : source.origin;
  const imports = Object.fromEntries(
    DOORS.map(([door, path]) => [`@winipc/winipc${door.slice(1)}`, new URL(path, from).href]),
  );
  await Deno.writeTextFile(
    `${folder}/deno.json`,
    JSON.stringify({ imports: { ...imports, ...NATS_IMPORTS } }),
  );
  const suffix = randomName();
  for (const file of files) {
    const text = SCRIPTS.get(file);
    assert(text !== undefined, `no page has ${file}`);
    // The names of objects. The name of an export of a DLL stays.
    const own = text.replaceAll(
      /(?<=\(|class: |name: )"([\w -]+)"/g,
      (all, name) => NAMES.includes(name) ? `"${name} of ${suffix}"` : all,
    ).replaceAll("127.0.0.1:4222", source.nats ?? "127.0.0.1:4222");
    await Deno.writeTextFile(`${folder}/${file}`, own);
  }
  const running: Running[] = [];
  return {
    run: (file) => {
      const script = run(file, folder, source);
      running.push(script);
      return script;
    },
    [Symbol.asyncDispose]: async () => {
      for (const script of running) await script[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function run(file: string, folder: string, { origin, cache }: Source): Running {
  const [, command] = SCRIPTS.get(file)!.split("\n")[0]!.split(": ");
  const [program, subcommand, ...args] = command!.split(" ");
  assertEquals([program, subcommand], ["deno", "run"]);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `--allow-import=${new URL(origin).host}`, ...args],
    cwd: folder,
    env: { DENO_DIR: cache },
    stdin: "null",
    stdout: "piped",
    signal: AbortSignal.timeout(120_000),
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  const nextLine = async () => (await within(`${file} prints a line`, lines.read(), 60_000)).value;
  return {
    nextLine,
    rest: async () => {
      const rest: string[] = [];
      for (let line; (line = await nextLine()) !== undefined;) rest.push(line);
      assertEquals((await child.status).code, 0, file);
      return rest;
    },
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

/** The scripts that run together, and a check of what each of them prints. */
const RUNS: Record<string, (folder: Folder) => Promise<void>> = {
  "counter.ts reader.ts": async (folder) => {
    folder.run("counter.ts");
    const reader = folder.run("reader.ts");
    const counts: number[] = [];
    // The reader may look before the first count, and twice before the next one on a busy machine.
    while (new Set(counts).size < 4) {
      const text = await reader.nextLine();
      const count = text?.match(/^The counter stands at (\d+)$/)?.[1];
      assert(count !== undefined, `${text}`);
      assertGreaterOrEqual(Number(count), counts.at(-1) ?? 0);
      counts.push(Number(count));
    }
  },
  "car.ts dashboard.ts": async (folder) => {
    const dashboard = folder.run("dashboard.ts");
    folder.run("car.ts");
    const laps = (await dashboard.rest()).map((line) => {
      const [, lap, speed] = line.match(/^Lap (\d+) at (\d+)$/) ?? [];
      assertEquals(Number(speed), 80 + Number(lap), line);
      return Number(lap);
    });
    // The dashboard gets the newest lap. On a busy machine it may not see all of them.
    assertEquals(laps, [...new Set(laps)].sort((a, b) => a - b));
    assertEquals(laps.at(-1), 20);
  },
  "receive.ts send.ts": async (folder) => {
    const receive = folder.run("receive.ts");
    folder.run("send.ts");
    assertEquals(await receive.rest(), ["one", "two", "three"]);
  },
  "upper_server.ts upper_client.ts": async (folder) => {
    const client = folder.run("upper_client.ts");
    folder.run("upper_server.ts");
    assertEquals(await client.rest(), ["Answer: HELLO"]);
  },
  "adder.ts add.ts": async (folder) => {
    const client = folder.run("add.ts");
    folder.run("adder.ts");
    assertEquals(await client.rest(), ["1 + 2 is 3"]);
  },
  "lines_server.ts lines_client.ts": async (folder) => {
    const client = folder.run("lines_client.ts");
    folder.run("lines_server.ts");
    assertEquals(await client.rest(), ["Answer: HELLO"]);
  },
  "window.ts ask.ts": async (folder) => {
    const window = folder.run("window.ts");
    const ask = folder.run("ask.ts");
    assertEquals(await window.nextLine(), "1n Hello");
    assertEquals(await ask.rest(), ["Answer: 5n"]);
  },
  "parent.ts child.ts": async (folder) => {
    assertEquals(await folder.run("parent.ts").rest(), ["The child ended with 0 and wrote 42"]);
  },
  "command.ts child.ts": async (folder) => {
    assertEquals(await folder.run("command.ts").rest(), ["The child wrote 42"]);
  },
  "main.ts worker.ts": async (folder) => {
    const lines = await folder.run("main.ts").rest();
    assertEquals(lines, ["The worker wrote 42 and sent { done: true }"]);
  },
  "viewer.ts": async (folder) => {
    const first = folder.run("viewer.ts");
    assertEquals(await first.nextLine(), 'The first start asks for [ "picture.png" ]');
    assertEquals(await folder.run("viewer.ts").rest(), []);
    assertMatch(await first.nextLine() ?? "", /^Another start asks for \[ "picture.png" \] in .+$/);
  },
  "taker.ts giver.ts": async (folder) => {
    const taker = folder.run("taker.ts");
    const giver = folder.run("giver.ts");
    assertEquals(await taker.nextLine(), "Received 42");
    assertEquals(await giver.rest(), []);
  },
  "notes.ts": async (folder) => {
    const first = folder.run("notes.ts");
    assertEquals(await first.nextLine(), 'Open [ "shopping.txt" ] of here');
    assertEquals(await folder.run("notes.ts").rest(), []);
    assertMatch(await first.nextLine() ?? "", /^Open \[ "shopping.txt" \] of .*winipc-/);
  },
  "speedometer.ts game.ts": async (folder) => {
    const speedometer = folder.run("speedometer.ts");
    folder.run("game.ts");
    for (let count = 0; count < 20; count++) {
      const line = await speedometer.nextLine();
      const [, gear, speed] = line?.match(/^Gear (\d) at (\d\d)$/) ?? [];
      assertEquals(Number(speed), 10 * Number(gear), line);
    }
  },
  "convert.ts converter.ts": async (folder) => {
    assertEquals(await folder.run("convert.ts").rest(), [
      ...[0, 25, 50, 75, 100].map((percent) => `{ percent: ${percent} }`),
      "The child ended with 0",
    ]);
  },
  "collector.ts logger.ts": async (folder) => {
    const collector = folder.run("collector.ts");
    for (let count = 0; count < 2; count++) {
      assertEquals(await folder.run("logger.ts").rest(), []);
      for (const event of ["started", "works", "ends"]) {
        assertMatch(await collector.nextLine() ?? "", new RegExp(`^Process \\d+ ${event}$`));
      }
    }
  },
  "camera.ts screen.ts": async (folder) => {
    const screen = folder.run("screen.ts");
    folder.run("camera.ts");
    const shades = (await screen.rest()).map((line) => {
      const form = /^Show \{ width: 1920, height: 1080 \} in the shade (\d+)$/;
      return Number(line.match(form)?.[1]);
    });
    // A slow screen misses frames, but gets none twice, and the last one.
    assertEquals(shades, [...new Set(shades)].sort((a, b) => a - b));
    assertEquals(shades.at(-1), 50);
  },
  "calculator.ts calculate.ts": async (folder) => {
    const client = folder.run("calculate.ts");
    folder.run("calculator.ts");
    assertEquals(await client.rest(), ["1 + 2 is 3"]);
  },
  "legacy_client.ts legacy_window.ts": async (folder) => {
    const client = folder.run("legacy_client.ts");
    folder.run("legacy_window.ts");
    assertEquals(await client.rest(), ["It answered 13n"]);
  },
  "sum.ts summand.ts": async (folder) => {
    assertEquals(await folder.run("sum.ts").rest(), ["The sum is 499500"]);
  },
  "paint.ts painter.ts": async (folder) => {
    assertEquals(await folder.run("paint.ts").rest(), ["The last pixel is 200"]);
  },
  "desk.ts exchange.ts": async (folder) => {
    const desk = folder.run("desk.ts");
    folder.run("exchange.ts");
    assertEquals(await desk.rest(), ["10 at 1.5", "20 at 1.5", "30 at 1.5"]);
  },
  "here.ts there.ts": async (folder) => {
    const here = folder.run("here.ts");
    // The line that arrives first depends on which of the scripts is faster.
    folder.run("there.ts");
    const first = Number((await here.nextLine())?.match(/^line (\d+)$/)?.[1]);
    assertEquals(await here.nextLine(), `line ${first + 1}`);
  },
  "jobs.ts": async (folder) => {
    assertEquals(await folder.run("jobs.ts").rest(), ["Sweep the yard"]);
  },
  "state.ts": async (folder) => {
    assertEquals(await folder.run("state.ts").rest(), ["12.5"]);
  },
  "build.ts visit.ts": async (folder) => {
    assertEquals(await folder.run("build.ts").rest(), []);
    const first = folder.run("visit.ts");
    assertEquals(await first.nextLine(), "Visits: 1");
    const second = folder.run("visit.ts");
    // Two processes raise the number, so the first one soon sees more than its own visits.
    const start = Number((await second.nextLine())?.split(" ")[1]);
    assertGreaterOrEqual(start, 2);
    for (let own = 2;; own++) {
      const seen = Number((await first.nextLine())?.split(" ")[1]);
      assertGreaterOrEqual(seen, own);
      if (seen > own) break;
    }
  },
};

/** The number of runs at a time: the processes of a run wait for each other half of the time. */
const LANES = 3;

Deno.test("The scripts in README.md and docs work as pasted", async (t) => {
  await using server = serveProject();
  const origin = `http://127.0.0.1:${server.addr.port}/`;
  const cache = await Deno.makeTempDir({ prefix: "winipc-" });
  const runs = Object.entries(RUNS).values();
  const lane = async () => {
    for (const [files, check] of runs) {
      await t.step({
        name: files.replace(" ", " and "),
        fn: async () => {
          const needsNats = files.split(" ").some((file) =>
            SCRIPTS.get(file)?.includes("@nats-io")
          );
          await using nats = needsNats ? await NatsServer.start({ jetstream: true }) : undefined;
          const source = { origin, cache, nats: nats?.address };
          await using folder = await paste(files.split(" "), source);
          await check(folder);
        },
        // Steps that overlap cannot have sanitizers. The test itself has them.
        sanitizeExit: false,
        sanitizeOps: false,
        sanitizeResources: false,
      });
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("Each block of README.md and docs that test:docs ignores is a script that is run here", () => {
  const ignored = text.match(/^```ts ignore$/gm)?.length ?? 0;
  const run = new Set(Object.keys(RUNS).flatMap((files) => files.split(" ")));
  assertEquals([SCRIPTS.size, [...SCRIPTS.keys()].sort()], [ignored, [...run].sort()]);
});

/** Maximum number of lines of an everyday script, with both sides. */
const MAX_LINES = 25;

Deno.test("everyday.md has ten tasks of at most 25 lines, and counts the lines of each rightly", async () => {
  const page = await Deno.readTextFile(new URL("docs/everyday.md", root));
  const rows = [...page.matchAll(/^\| \[.*?\]\(#[\w-]+\) +\| (.+?) \| +(\d+) \|\r?$/gm)];
  const counted = new Set<string>();
  for (const [, cell, lines] of rows) {
    const files = Array.from(cell!.matchAll(/`(\w+\.ts)`/g), ([, file]) => file!);
    const texts = files.map((file) => SCRIPTS.get(file)!.split("\n").filter((line) => line.trim()));
    assertEquals(texts.flat().length, Number(lines), cell);
    assertLessOrEqual(Number(lines), MAX_LINES, cell);
    for (const file of files) counted.add(file);
  }
  const scripts = [...page.matchAll(/^\/\/ (\w+\.ts)\b/gm)].map(([, file]) => file!);
  assertEquals([rows.length, [...counted].sort()], [10, scripts.sort()]);
});
