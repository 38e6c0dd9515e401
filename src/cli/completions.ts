import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc completions`. */
export function run(_invocation: Invocation<SpecOf<"completions">>): void {
  throw new Deno.errors.NotSupported("winipc completions is not there yet");
}
