/**
 * Passes 3,000 random lists of arguments to a child each, as tests/process/spawn_test.ts does less
 * often; it takes some five minutes.
 *
 *     deno task test:arguments
 *
 * @module
 */

import { randomArgs } from "./random_args.ts";
import { openTeller } from "./teller.ts";

const LISTS = 3000;

await using teller = await openTeller();
for (let done = 1; done <= LISTS; done++) {
  const args = randomArgs();
  await using child = teller.start({ args });
  await child.status;
  const read = JSON.stringify(teller.read().args);
  if (read !== JSON.stringify(args)) {
    console.error(`FAILED: ${JSON.stringify(args)} came as ${read}`);
    Deno.exit(1);
  }
  if (done % 250 === 0) console.log(`${done} of ${LISTS} came as they were sent`);
}
