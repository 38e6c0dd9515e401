// Task: test:peers

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { SingleInstance } from "../../src/instance/mod.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";

const START = "instance/peers/start.ts";

/** Starts the script, and returns its lines when it has ended. */
async function start(
  args: readonly string[],
  cwd?: string,
): Promise<{ code: number; lines: string[] }> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--allow-ffi", peerUrl(START).href, ...args],
    ...(cwd !== undefined && { cwd }),
    stdin: "null",
    stderr: "inherit",
    signal: AbortSignal.timeout(60_000 * SLOWNESS),
  }).output();
  return { code, lines: new TextDecoder().decode(stdout).trim().split(/\r?\n/) };
}

/** Ends a child, unless it has ended by itself. */
function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

Deno.test("A second process hands over its arguments and its directory, and ends", async () => {
  const name = randomName();
  await using first = await Peer.start(START, name, "default");
  const cwd = await Deno.realPath(await Deno.makeTempDir({ prefix: "winipc ü " }));
  try {
    const args = [name, "default", "two words", "ü\u{1F600}", "", '"', "a\nb\\"];
    assertEquals(await start(args, cwd), { code: 0, lines: ["handed over"] });
    const handed = JSON.parse(await first.nextLine());
    assertEquals(handed.args, args);
    assertEquals((await Deno.realPath(handed.cwd)).toLowerCase(), cwd.toLowerCase());
  } finally {
    await Deno.remove(cwd);
  }
});

Deno.test("Of 10 processes that start at once, one is the first, and gets the arguments of 9", async () => {
  const name = randomName();
  const children = Array.from({ length: 10 }, (_, index) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--no-check", "--allow-ffi", peerUrl(START).href],
        ...[name, "run", `${index}`],
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn());
  let [firsts, handedOver] = [0, 0];
  const received: number[] = [];
  const all = Promise.withResolvers<void>();
  const texts = children.map(async ({ stdout }) => {
    let text = "";
    for await (const part of stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (text + part).split("\n");
      text = lines.pop()!;
      for (const line of lines) {
        if (line.trim() === "ready") firsts++;
        else if (line.trim() === "handed over") handedOver++;
        else received.push(Number(JSON.parse(line).args[0]));
      }
      if (firsts + handedOver === 10) all.resolve();
    }
  });
  try {
    await within("all are started", all.promise, 120_000);
  } finally {
    for (const child of children) {
      end(child);
      await child.status;
    }
    await Promise.all(texts);
  }
  assertEquals([firsts, handedOver, new Set(received).size, received.length], [1, 9, 9, 9]);
});

Deno.test("When the first is killed at a random moment, no arguments are lost, and another is the first", async () => {
  let handedOver = 0;
  for (let round = 0; round < 2; round++) {
    const name = randomName();
    await using first = await Peer.start(START, name, "run");
    const received: string[] = [];
    let acquired = 0;
    const starts = Array.from({ length: 12 }, async (_, index) => {
      const instance = await SingleInstance.acquire(name, {
        ...soon,
        args: [`${index}`],
        onSecond: (args) => void received.push(...args),
      });
      if (instance === undefined) {
        handedOver++;
        return;
      }
      acquired++;
      received.push(`${index}`);
      // Later ones find this process, and then nobody. Each of them becomes the first or hands over.
      await new Promise((resolve) => setTimeout(resolve, 5));
      await instance.close();
    });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
    first.kill();
    await Promise.all(starts);
    // The rest of the output of the killed process.
    try {
      for (;;) received.push(...JSON.parse(await first.nextLine()).args);
    } catch (error) {
      assert(error instanceof Error && /ended/.test(error.message), `${error}`);
    }
    const all = Array.from({ length: 12 }, (_, index) => `${index}`);
    assertEquals(all.filter((text) => !received.includes(text)), [], `round ${round}`);
    assert(acquired <= 12);
  }
  assert(handedOver > 0, "some handed over");
});

Deno.test("If the first dies before it has answered, the second becomes the first at once", async () => {
  const name = randomName();
  await using first = await Peer.start(START, name, "never");
  const second = SingleInstance.acquire(name, { args: ["kept"], ...soon });
  assertEquals(JSON.parse(await first.nextLine()).args, ["kept"]);
  const impatient = () => SingleInstance.acquire(name, { args: ["late"], timeout: 200 });
  await assertRejects(impatient, Deno.errors.TimedOut, "Waited 200 ms for the");
  const killed = performance.now();
  first.kill();
  await using instance = await second;
  assert(instance !== undefined, "it has its arguments itself");
  assertLess(performance.now() - killed, 2000);
});

Deno.test("An error of onSecond reaches the second process, and the first goes on", async () => {
  const name = randomName();
  await using first = await Peer.start(START, name, "throw");
  for (let count = 0; count < 3; count++) {
    await assertRejects(
      () => SingleInstance.acquire(name, { args: [`${count}`], ...soon }),
      Error,
      `The first process of the single instance "Local\\${name}" has failed in onSecond: ` +
        "RangeError: no such picture",
    );
    assertEquals(JSON.parse(await first.nextLine()).args, [`${count}`]);
  }
});

Deno.test("onError gets what onSecond throws or rejects with, also if it has no text", async () => {
  const name = randomName();
  const errors: unknown[] = [];
  const thrown = [new Error("thrown"), "a text", Object.create(null), undefined];
  const values = [...thrown];
  await using _first = await SingleInstance.acquire(name, {
    onSecond() {
      const error = values.shift();
      if (values.length % 2 === 0) throw error;
      return Promise.reject(error);
    },
    onError: (error) => errors.push(error),
  });
  for (const text of ["Error: thrown", "a text", "an error without a text", "undefined"]) {
    const acquire = () => SingleInstance.acquire(name, soon);
    await assertRejects(acquire, Error, `has failed in onSecond: ${text}`);
  }
  assertEquals(errors, thrown);
});

Deno.test("A first that blocks its thread lets the others time out, or stop by their signals", async () => {
  const name = randomName();
  await using first = await Peer.start(START, name, "block");
  const label = `the first process of the single instance "Local\\${name}" (process ${first.pid})`;
  await assertRejects(
    () => SingleInstance.acquire(name, { timeout: 300 }),
    Deno.errors.TimedOut,
    `Waited 300 ms for ${label} to take the arguments`,
  );
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  const { signal } = controller;
  const error = await assertRejects(() => SingleInstance.acquire(name, { signal }));
  assertEquals(error, reason);
  assertEquals(await assertRejects(() => SingleInstance.acquire(name, { signal })), reason);
  first.kill();
  await using instance = await SingleInstance.acquire(name, soon);
  assert(instance !== undefined);
});

// The other tests show that it goes on by default.
Deno.test("A first process ends after unref() or close()", async () => {
  for (const mode of ["unref", "close"]) {
    assertEquals(await start([randomName(), mode]), { code: 0, lines: ["ready"] });
  }
});
