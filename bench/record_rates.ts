/**
 * Measures the rates at which `winipc record` keeps up with a broadcast ring: this process sends for
 * two seconds at each rate, and the recorder says how many messages it missed.
 *
 * Run it with `deno run --allow-ffi --allow-read --allow-write --allow-run bench/record_rates.ts`.
 *
 * @module
 */

import { waitingReaders } from "../tests/cli/waiting_readers.ts";
import { commandLine } from "../tests/cli/winipc.ts";
import { BroadcastRing } from "../mod.ts";

const RATES = [
  { byteLength: 64, rates: [50_000, 100_000, 200_000, 400_000] },
  { byteLength: 4096, rates: [5_000, 10_000, 20_000, 40_000] },
];
/** The time of sending at each rate, in milliseconds. */
const DURATION = 2000;
/** The capacity of the ring in bytes: messages of 0.2 to 3 seconds. */
const CAPACITY = 2 ** 24;

/** Sends at a rate. Returns what the recorder said, and the messages per second that were sent. */
async function measure(byteLength: number, rate: number): Promise<string> {
  const name = `record-rates-${crypto.randomUUID()}`;
  const folder = Deno.makeTempDirSync();
  using ring = BroadcastRing.create(name, { capacity: CAPACITY });
  using sender = ring.sender();
  const recorder = new Deno.Command(Deno.execPath(), {
    args: commandLine(["record", name, `${folder}/x.rec`], ["--allow-ffi", "--allow-write"]),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  await waitingReaders(name, 1);
  const bytes = new Uint8Array(byteLength);
  const start = performance.now();
  let sent = 0;
  for (let time = 0; time < DURATION; time = performance.now() - start) {
    for (const due = Math.floor(time * rate / 1000); sent < due; sent++) sender.send(bytes);
    sender.flush();
  }
  const perSecond = Math.round(sent * 1000 / (performance.now() - start));
  sender.close();
  const { stderr } = await recorder.output();
  Deno.removeSync(folder, { recursive: true });
  const said = new TextDecoder().decode(stderr).replace(/^.*": /, "").trim();
  return `${perSecond} messages/s of ${byteLength} bytes: ${said}`;
}

for (const { byteLength, rates } of RATES) {
  for (const rate of rates) console.log(await measure(byteLength, rate));
}
