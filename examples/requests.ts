/**
 * Calls another script: a calculator with a call, a stream of items, and an error.
 *
 *     deno run --allow-ffi examples/requests.ts serve
 *     deno run --allow-ffi examples/requests.ts ask 22 7
 *
 * @module
 */

import { connectName, serveName } from "@winipc/winipc/rpc";

/** The handlers, which the client's calls have their types from. */
export const calculator = {
  divide([a, b]: [number, number]): number {
    if (b === 0) throw new RangeError("division by zero");
    return a / b;
  },

  /** Yields the digits of a quotient, one after the other, for as long as the client wants. */
  async *digits([a, b]: [number, number]): AsyncGenerator<number> {
    try {
      for (let rest = a % b;; rest = rest * 10 % b) {
        yield Math.floor(rest * 10 / b);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      console.log("A client has enough digits");
    }
  },
};

/** Asks for a quotient, and for its first digits. */
export async function ask(name: string, pair: [number, number]): Promise<string[]> {
  const options = { waitForServer: true, timeout: 30_000 };
  await using server = await connectName<typeof calculator>(name, options);
  const lines = [`quotient ${await server.call("divide", pair)}`];
  const digits: number[] = [];
  for await (const digit of server.stream("digits", pair)) {
    if (digits.push(digit) === 8) break;
  }
  return [...lines, `digits ${digits.join(" ")}`];
}

if (import.meta.main) {
  const [role, a, b, name = "winipc-requests"] = Deno.args;
  if (role === "serve") {
    await using service = serveName(a ?? name, calculator, { onError: console.error });
    console.log(`Process ${Deno.pid} listens on ${a ?? name}`);
    await service.finished;
  } else if (role === "ask" && b !== undefined) {
    for (const line of await ask(name, [Number(a), Number(b)])) console.log(line);
  } else {
    console.error("Usage: requests.ts serve [NAME]\n       requests.ts ask A B [NAME]");
    Deno.exit(2);
  }
}
