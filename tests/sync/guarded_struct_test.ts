import { assertEquals, assertMatch } from "@std/assert";
import { change, Ledger, openLedger } from "../../examples/mutex.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";

peers.test("C programs and scripts change one struct under one mutex and lose no change", async (bits) => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const headers = ["<stdbool.h>", "<stdint.h>", "<wchar.h>"].map((name) => `#include ${name}\n`);
  await Deno.writeTextFile(`${folder}\\ledger.h`, headers.join("") + Ledger.toC("Ledger"));
  await using program = await compileC(peerUrl("sync/peers/guarded_struct.c"), {
    bits,
    include: folder,
  });
  const name = randomName();
  using opened = openLedger(name);
  const times = 2000;
  const start = (who: string) =>
    Peer.startProgram(program.path, `Local\\${name}`, `Local\\${name}-mutex`, who, String(times));
  await using one = await start("1");
  await using two = await start("2");
  const answers = Promise.all([one.ask("go"), two.ask("go")]);
  await change(name, { who: 0, times, signal: AbortSignal.timeout(60_000 * SLOWNESS) });
  assertEquals(await answers, ["done", "done"]);
  assertEquals([...opened.ledger.changes], [times, times, times]);
  assertEquals(opened.ledger.version, 3 * times);
  assertMatch(opened.ledger.writer, /^(process|C) \d+$/);
  await Deno.remove(folder, { recursive: true });
});
