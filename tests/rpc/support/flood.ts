import { client, type MessageLink, serve } from "../../../src/rpc/mod.ts";

/** The numbers of calls and of items that each end asks for. */
interface Flood {
  readonly calls: number;
  readonly items: number;
}

const handlers = {
  echo: (value: unknown) => value,
  async *items(count: number) {
    const text = "x".repeat(200);
    for (let number = 0; number < count; number++) yield await Promise.resolve({ number, text });
  },
  done: () => {},
};

/**
 * Serves and calls over one link, all at the same time, until both ends have all their answers.
 *
 * @returns What came, in words.
 */
export async function floodBothWays(link: MessageLink, { calls, items }: Flood): Promise<string> {
  const isPeerDone = Promise.withResolvers<void>();
  const service = serve(link, { ...handlers, done: () => isPeerDone.resolve() });
  const caller = client<typeof handlers>(link);
  const text = "y".repeat(300);
  const answers = Array.from(
    { length: calls },
    (_, number) => caller.call("echo", { number, text }),
  );
  const count = async () => {
    let count = 0;
    for await (const { number } of caller.stream("items", items)) if (number === count) count++;
    return count;
  };
  const [echoed, ...counted] = await Promise.all([Promise.all(answers), count(), count()]);
  const right = echoed.filter((value, number) =>
    value instanceof Object && Reflect.get(value, "number") === number
  );
  await caller.call("done");
  await isPeerDone.promise;
  caller.close();
  await service.shutdown();
  return `${right.length} answers, ${counted.join(" and ")} items`;
}
