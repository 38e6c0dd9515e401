import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc doctor`. */
export function run(_invocation: Invocation<SpecOf<"doctor">>): void {
  throw new Deno.errors.NotSupported("winipc doctor is not there yet");
}
