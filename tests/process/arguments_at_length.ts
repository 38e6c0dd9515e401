/**
 * Passes 3,000 random lists of arguments to one child each. tests/process/spawn_test.ts does the
 * same with fewer lists. This takes about five minutes.
 *
 *     deno task test:arguments
 *
 * @module
 */

import { randomArgs } from "./random_args.ts";
import { openStartReporter } from "./start_reporter.ts";

const LISTS = 3000;

await using reporter = await openStartReporter();
for (let done = 1; done <= LISTS; done++) {
  const args = randomArgs();
  await using child = reporter.start({ args });
  await child.status;
  const read = JSON.stringify(reporter.read().args);
  if (read !== JSON.stringify(args)) {
    console.error(`FAILED: the child got ${read} instead of ${JSON.stringify(args)}`);
    Deno.exit(1);
  }
  if (done % 250 === 0) console.log(`${done} of ${LISTS} lists arrived unchanged`);
}
