import type { Invocation } from "./command.ts";
import type { SpecOf } from "./commands.ts";

/** Runs `winipc send`. */
export function run(_invocation: Invocation<SpecOf<"send">>): void {
  throw new Deno.errors.NotSupported("winipc send is not there yet");
}
