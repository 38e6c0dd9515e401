import { callRightly, callWrongly } from "./call.ts";
import { requestRows } from "./request_rows.ts";

Deno.test("Functions of requests refuse wrong kinds and misspelt options, and accept right ones", async () => {
  await using stack = new AsyncDisposableStack();
  for (const row of requestRows(stack)) {
    await callWrongly(row);
    await callRightly(row);
  }
});
