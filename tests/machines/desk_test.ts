// Task: test:machines
// Runs on Linux, where tools/winedeno makes machines: tools/winedeno --linux task test:machines

import { assertEquals } from "@std/assert";
import { OUTPUTS, PRICES_ARGUMENTS } from "../examples/desk_day.ts";
import { randomName } from "../support/random_name.ts";
import type { StartedProgram } from "../support/started_program.ts";
import { Machine } from "./machine.ts";

const { first, second } = Machine;

Deno.test("Two machines share no rings, pipes, mailslots and windows", async () => {
  const name = randomName();
  const run = (script: string) => ["run", "-q", "--no-prompt", "--allow-ffi", script, name];
  await using _sharing = await first.start(run("tests/machines/peers/share.ts"));
  const look = run("tests/machines/peers/look.ts");
  const [here, there] = await Promise.all([first, second].map(async (machine) => {
    await using looking = await machine.start(look);
    return (await looking.end()).out.trim().split("\n");
  }));
  const kinds = ["ring", "pipe", "mailslot", "window"];
  assertEquals(here, kinds.map((kind) => `${kind} found`));
  assertEquals(there, [...kinds.slice(0, 3).map((kind) => `${kind} NotFound`), "window TimedOut"]);
});

/** Starts a NATS server on the first machine. */
function startServer(port: number): Promise<StartedProgram> {
  const wait = "console.log('ready'); setInterval(() => {}, 1000)";
  return first.start(["--nats", "eval", wait], { WINEDENO_NATS_PORT: `${port}` });
}

/** Returns the number of a port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Copies the scripts of examples/desk, and changes the line that names the server. */
async function copyDesk(folder: string, server: string): Promise<void> {
  const original = new URL("../../examples/desk/", import.meta.url);
  let changed = 0;
  for await (const { name } of Deno.readDir(original)) {
    const lines = (await Deno.readTextFile(new URL(name, original))).split("\n");
    const copied = lines.map((line) =>
      line.replace('const SERVER: string = "";', `const SERVER: string = "${server}";`)
    );
    changed += lines.filter((line, index) => line !== copied[index]).length;
    await Deno.writeTextFile(`${folder}/${name}`, copied.join("\n"));
  }
  assertEquals(changed, 1);
}

Deno.test("examples/desk: the scripts trade on two machines, with one line changed", async () => {
  const server = `127.0.0.1:${freePort()}`;
  const desk = randomName();
  const folder = await Deno.makeTempDir({ prefix: "winipc-desk-" });
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(() => Deno.remove(folder, { recursive: true }));
  await copyDesk(folder, server);
  const run = (script: string, ...args: string[]) => {
    const flags = [
      "-q",
      "--no-prompt",
      "--allow-ffi",
      `--allow-net=${server}`,
      "--config=deno.json",
    ];
    return ["run", ...flags, `${folder}/${script}`, "--desk", desk, ...args];
  };
  cleaning.use(await startServer(Number(server.split(":")[1])));
  const [blotter, strategy] = await Promise.all([
    first.start(run("blotter.ts")),
    second.start(run("strategy.ts")),
  ]);
  cleaning.use(blotter);
  cleaning.use(strategy);
  await using prices = await first.start(run("prices.ts", ...PRICES_ARGUMENTS));
  assertEquals(await prices.end(), { code: 0, out: OUTPUTS.prices, err: "" });
  assertEquals(await strategy.end(), { code: 0, out: OUTPUTS.strategy, err: "" });
  assertEquals(await blotter.end(), { code: 0, out: OUTPUTS.blotter, err: "" });
});
