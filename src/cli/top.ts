import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc top`. */
export function run(_invocation: Invocation<SpecOf<"top">>): void {
  throw new Deno.errors.NotSupported("winipc top is not there yet");
}
