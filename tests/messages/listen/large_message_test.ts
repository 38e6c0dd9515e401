import { assertEquals } from "@std/assert";
import { findWindow, sendCopyData } from "../../../src/messages/mod.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

/**
 * Maximum size that the README promises on Wine, in bytes: Wine puts them on the receiver's stack.
 */
const SAFE_ON_WINE = 786_432;
/** Sizes in bytes for which V8 would throw before the procedure begins, or end the process. */
const TOO_LARGE_ON_WINE = [1_030_000, 1_100_000, 3_900_000];

for (const [receiver, more] of [["listener", [2 ** 24]], ["window", []]] as const) {
  Deno.test(`A ${receiver} takes messages and closes after too large messages of another process`, async () => {
    const name = randomName();
    await using peer = await Peer.start("messages/peers/large_message_receivers.ts", name);
    const window = await findWindow({ class: receiver === "window" ? `${name}-main` : name });
    const sizes = [7, SAFE_ON_WINE, ...TOO_LARGE_ON_WINE, ...more, 8];
    const taken: number[] = [];
    for (const size of sizes) {
      const answer = await sendCopyData(window, new Uint8Array(size), soon);
      if (answer !== 0n) taken.push(size);
    }
    assertEquals(taken, isWine() ? [7, SAFE_ON_WINE, 8] : sizes);
    assertEquals(JSON.parse(await peer.ask("close"))[receiver], taken);
    assertEquals((await peer.gone()).code, 0);
  });
}
