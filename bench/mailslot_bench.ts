/**
 * Measures messages through a mailslot: within this process, and to another process and back by two
 * mailslots.
 *
 * @module
 */

import { Mailslot, openMailslot } from "../mod.ts";

const name = `winipc-bench-${crypto.randomUUID()}`;
const answers = Mailslot.create(`${name}-answers`);
const peer = new URL("./peers/mailslot_echo.ts", import.meta.url).href;
const child = new Deno.Command(Deno.execPath(), {
  args: ["run", "--no-prompt", "--allow-ffi", "--allow-read", peer, name, answers.path],
}).spawn();
await answers.receive({ timeout: 30_000 });
const questions = openMailslot(name);
const own = Mailslot.create(`${name}-own`);
const toOwn = openMailslot(own.path);
globalThis.addEventListener("unload", () => child.kill());

const SIZES = { "64 B": 64, "64 KiB": 65_536, "1 MiB": 2 ** 20 };
for (const [size, byteLength] of Object.entries(SIZES)) {
  const message = new Uint8Array(byteLength);
  Deno.bench(`send() and tryReceive() of ${size}`, { group: size, baseline: true }, () => {
    toOwn.send(message);
    own.tryReceive();
  });
  Deno.bench(`round trip of ${size} to another process`, { group: size }, async () => {
    questions.send(message);
    await answers.receive();
  });
}

Deno.bench("tryReceive() without a message", () => {
  own.tryReceive();
});

Deno.bench("Mailslot.create() and close()", () => {
  Mailslot.create(`${name}-new`).close();
});

Deno.bench("openMailslot() and close()", () => {
  openMailslot(own.path).close();
});
