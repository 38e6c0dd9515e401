/**
 * Draws docs/command.svg from the output of real commands beside real objects: deno task picture
 *
 * The numbers differ a little each time. The name of the user is replaced.
 *
 * @module
 */

import { BroadcastRing, LatestValue, RingChannel, SharedMemory, struct, utf8 } from "../mod.ts";
import { drawTerminal } from "./terminal_picture.ts";
import { Terminal } from "../tests/cli/terminal.ts";
import { userName } from "../ffi/this_process.ts";

const PICTURE = new URL("../docs/command.svg", import.meta.url);
/** The size of the terminal. */
const COLUMNS = 92;
const ROWS = 40;
/** The time between two bursts of messages, in milliseconds, and the messages of a burst. */
const PAUSE = 20;
const BURST = 100;
/** The name that the picture shows for the user of this machine. */
const USER = "PC\\anna";

/** The layout of the sensors, as the script and as `winipc dump` knows it. */
const Sensors = struct({ updates: "u32", temperature: "f32", humidity: "f32", place: utf8(16) });
const SCHEMA = {
  name: "Sensors",
  fields: { updates: "u32", temperature: "f32", humidity: "f32", place: { utf8: 16 } },
};

/** Creates the objects that the picture shows. They live, and messages flow, until the end. */
function openPlant(): Disposable {
  using stack = new DisposableStack();
  const ring = stack.use(RingChannel.create("plant.orders", { capacity: 65_536 }));
  const [sender, receiver] = [stack.use(ring.sender()), stack.use(ring.receiver())];
  const prices = stack.use(stack.use(BroadcastRing.create("plant.prices")).sender());
  const belt = stack.use(LatestValue.create("plant.belt", struct({ speed: "f64" })));
  const writer = stack.use(belt.writer());
  const memory = stack.use(stack.use(SharedMemory.create("plant.sensors", 4096)).map());
  const sensors = Sensors.view(memory);
  sensors.temperature = 21.5;
  sensors.humidity = 60.25;
  sensors.place = "hall 2";
  let behind = 200;
  for (let count = 0; count < behind; count++) sender.trySend(new Uint8Array(48));
  const timer = setInterval(() => {
    sensors.updates++;
    writer.write({ speed: 1.5 });
    for (let count = 0; count < BURST; count++) {
      sender.trySend(new Uint8Array(48));
      prices.send(new Uint8Array(30));
      if (count > 0) receiver.tryReceive();
    }
    // The receiver has fallen behind by one message, and sometimes catches up.
    if (++behind > 400) { while (behind > 200 && receiver.tryReceive() !== undefined) behind--; }
  }, PAUSE);
  stack.defer(() => clearInterval(timer));
  return stack.move();
}

/** Runs a command on a terminal. Returns the lines of its last picture, with their colours. */
async function linesOf(args: readonly string[], flags: readonly string[]): Promise<string[]> {
  await using terminal = await Terminal.winipc(args, {
    columns: COLUMNS,
    rows: ROWS,
    flags,
    timeout: 60_000,
  });
  const { code, text } = await terminal.ended();
  if (code !== 0) throw new Error(`winipc ${args.join(" ")} ended with ${code}:\n${text}`);
  // A live picture moves the cursor up before it draws over the last one.
  // deno-lint-ignore no-control-regex
  const last = text.split(/\x1b\[\d+A/).at(-1)!.replaceAll(/\x1b\[\d*[KJ]|\r/g, "");
  // Wine says that it does not list pipes and mailslots.
  return last.trimEnd().split("\n").filter((line) => !line.startsWith("Wine "));
}

/** Replaces the name of the user, so that the columns stay aligned. */
function withoutUser(line: string): string {
  return line.replace(
    new RegExp(`[\\w.-]+\\\\${RegExp.escape(userName())}`, "g"),
    (name) => USER.padEnd(name.length).slice(0, Math.max(name.length, USER.length)),
  );
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    using _plant = openPlant();
    const schema = `${folder}\\sensors.json`;
    await Deno.writeTextFile(schema, JSON.stringify(SCHEMA));
    const commands: [shown: string, args: string[]][] = [
      ["ls 'plant.*'", ["ls", "plant.*"]],
      ["dump plant.sensors --schema sensors.json", ["dump", "plant.sensors", "--schema", schema]],
      ["top 'plant.*'", ["top", "plant.*", "--count", "3"]],
    ];
    const lines: string[] = [];
    for (const [shown, args] of commands) {
      const output = await linesOf(args, ["--allow-ffi", "--allow-read"]);
      lines.push(
        ...(lines.length > 0 ? [""] : []),
        `\x1b[32m>\x1b[39m \x1b[1mwinipc ${shown}\x1b[22m`,
      );
      lines.push(...output.map(withoutUser));
    }
    await Deno.writeTextFile(PICTURE, drawTerminal("winipc", lines, COLUMNS));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
