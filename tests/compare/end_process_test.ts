import { assertEquals, assertRejects } from "@std/assert";
import { EndProcess } from "../../bench/compare/run/end_process.ts";
import { removeFolder } from "../support/remove_folder.ts";
import { denoCommand } from "./support/deno_command.ts";

/** A time limit that passes, in milliseconds. */
const SHORT = 100;
/** A time limit that does not pass, in milliseconds. */
const LONG = 30_000;

/** Starts a process that writes one line, and then waits for its input. */
async function startQuietEnd(stack: AsyncDisposableStack): Promise<EndProcess> {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  stack.defer(() => removeFolder(folder));
  const end = stack.use(
    new EndProcess({
      name: "quiet end",
      command: [...denoCommand("filing_end.ts"), "near"],
      env: { WINIPC_COMPARE_FOLDER: folder },
    }),
  );
  assertEquals(await end.nextLine(LONG), "ready 1");
  return end;
}

Deno.test("EndProcess.nextLine() kills a process that writes no line in time", async () => {
  await using stack = new AsyncDisposableStack();
  const end = await startQuietEnd(stack);
  await assertRejects(() => end.nextLine(SHORT), Error, "the quiet end wrote no line for 0.1 s");
  await assertRejects(() => end.failure(), Error, "the quiet end ended with exit code");
});

Deno.test("EndProcess.finish() kills a process that does not end in time", async () => {
  await using stack = new AsyncDisposableStack();
  const end = await startQuietEnd(stack);
  await assertRejects(() => end.finish(SHORT), Error, "the quiet end ended with exit code");
});

Deno.test("EndProcess.finish() waits for a process whose input was closed", async () => {
  await using stack = new AsyncDisposableStack();
  const end = await startQuietEnd(stack);
  await end.closeInput();
  await end.finish(LONG);
});
