/**
 * Calls each re-entrant function of user32 200,000 times, which takes about ten minutes.
 * tests/ffi/reentry_test.ts calls the slow functions less often.
 *
 *     deno task test:reentry
 *
 * @module
 */

import { REENTRANT_APIS } from "./reentrant_apis.ts";
import { runPeer } from "../support/run_peer.ts";

const TIMES = "200000";

for (const api of REENTRANT_APIS) {
  const started = performance.now();
  const said = await runPeer("ffi/peers/reentrant_call.ts", [api, TIMES], {
    flags: ["--allow-read"],
    timeout: 600_000,
  });
  const survived = said.join() === "2,hot";
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `${survived ? "survived" : `FAILED (${said})`}  ${api}, ${TIMES} times, ${seconds} s`,
  );
  if (!survived) Deno.exitCode = 1;
}
