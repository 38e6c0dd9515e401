import { assert, assertEquals } from "@std/assert";
import { Spin } from "../../../src/channel/peer/wait.ts";

const MOST = 100;
const PROCESSORS = 2;

/** Returns the number of looks in `waits` waits, if the condition holds from look `comesAt` on. */
function looksOf(spin: Spin, waits: number, comesAt: number): number {
  let looks = 0;
  for (let wait = 0; wait < waits; wait++) {
    let look = 0;
    spin.until(() => {
      looks++;
      return ++look === comesAt;
    });
  }
  return looks;
}

Deno.test({
  name:
    "Spin.until() skips waits after it has failed, until it has succeeded several times in a row",
  fn: () => {
    const spin = new Spin(MOST, PROCESSORS);
    assertEquals(looksOf(spin, 1, Infinity), MOST);
    const failing = looksOf(spin, 12_800, Infinity);
    assert(failing > 90 * MOST && failing < 120 * MOST, `${failing} looks in 12800 waits`);
    // The next spin is at most 128 waits away. From then on, each wait spins.
    assertEquals(looksOf(spin, 256, 3) >= 128 * 3, true);
    assertEquals(looksOf(spin, 100, 3), 300);
    // One failure after many successes makes one wait go by without a spin.
    assertEquals(looksOf(spin, 1, Infinity), MOST);
    assertEquals(looksOf(spin, 2, 3), 3);
  },
});

Deno.test({
  name: "Spin.until() seldom spins if each success is followed by a failure",
  fn: () => {
    const spin = new Spin(MOST, PROCESSORS);
    let tries = 0;
    for (let wait = 0; wait < 2_000; wait++) {
      let looks = 0;
      const comesAt = tries % 2 === 0 ? 1 : Infinity;
      spin.until(() => ++looks === comesAt);
      if (looks > 0) tries++;
    }
    assert(tries < 100, `${tries} tries in 2000 waits`);
  },
});

Deno.test({
  name: "Spin.until() calls `later` once, if an answer does not come at once",
  fn: () => {
    for (const [comesAt, calls] of [[1, 0], [16, 0], [80, 1], [Infinity, 1]]) {
      const spin = new Spin(MOST, PROCESSORS);
      let [looks, called] = [0, 0];
      spin.until(() => ++looks === comesAt, () => called++);
      assertEquals(called, calls, `the answer comes at look ${comesAt}`);
    }
  },
});
