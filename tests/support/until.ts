import { SLOWNESS } from "./slowness.ts";

/** Time limit in milliseconds. */
const PATIENCE = 20_000 * SLOWNESS;

/** Waits until a condition holds, so that a test fails instead of hanging. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!await condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Expected within ${PATIENCE} ms: ${condition}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
