// Task: test:peers

/**
 * The remote protocol of an editor, such as Vim on Windows. The server sends its result by a
 * message of its own while the client's send blocks. Before that, it can ask the client. A C
 * program is the peer.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import {
  CopyDataListener,
  type CopyDataMessage,
  decodeText,
  findWindow,
  MessageWindow,
  sendCopyData,
  sendCopyDataSync,
  type WindowMessage,
} from "../../src/messages/mod.ts";
import { compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { peers } from "../support/peers.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";

/** The numbers that identify the kinds of data, as in tests/messages/peers/editor.c. */
const EXPRESSION = 10;
const RESULT = 11;
const QUESTION = 30;
const ANSWER = 31;

/** Time limit for an answer, in milliseconds: on a busy machine the default of 5 s is too short. */
const PATIENCE = 20_000 * SLOWNESS;
/** The encoding of each text of the protocol. */
const TEXT = { encoding: "ansi", terminate: true, timeout: PATIENCE } as const;
/**
 * Maximum time of an exchange, in milliseconds. It is less than `PATIENCE`, so that a handler that
 * waits in vain makes a test fail.
 */
const PROMPT = 15_000 * SLOWNESS;

type Handler = (message: CopyDataMessage) => Promise<number>;

/** Calls a function, and asserts that it takes less than `PROMPT`. */
async function promptly<T>(use: () => T): Promise<Awaited<T>> {
  const begun = performance.now();
  const result = await use();
  assertLess(performance.now() - begun, PROMPT);
  return result;
}

/** Opens a listener. When it is disposed, asserts that no handler has failed or was late. */
async function listen(onMessage: Handler) {
  const listener = await CopyDataListener.open({
    onMessage,
    visibility: "hidden",
    replyTimeout: PATIENCE,
    onError: (error) => console.error(error),
  });
  return {
    listener,
    [Symbol.asyncDispose]: async () => {
      await listener.close();
      const { failed, late, overflowed } = listener.stats;
      assertEquals({ failed, late, overflowed }, { failed: 0, late: 0, overflowed: 0 });
    },
  };
}

peers.test(
  "The remote protocol of an editor works between a script and a C program",
  async (bits, t) => {
    await using program = await compileC(peerUrl("messages/peers/editor.c"), { bits });
    await t.step("the script is the client", (t) => beClient(t, program.path));
    await t.step(
      "the script is the editor",
      (t) => beEditor(t, program.path),
    );
  },
);

async function beClient(t: Deno.TestContext, program: string): Promise<void> {
  const name = randomName();
  await using _editor = await Peer.startProgram(program, "server", name);
  const editor = await findWindow({ class: name });

  await t.step("the editor sends the result to a listener before it answers", async () => {
    const results: string[] = [];
    await using client = await listen(async (message) => {
      assertEquals([message.id, message.sender.handle], [BigInt(RESULT), editor.handle]);
      results.push(message.text("ansi"));
      return await Promise.resolve(1);
    });
    const options = { ...TEXT, id: EXPRESSION, from: client.listener };
    for (const text of ["one", "two", "three"]) {
      assertEquals(await promptly(() => sendCopyData(editor, `upper ${text}`, options)), 1n);
      assertEquals(results.pop(), text.toUpperCase());
      assertEquals(results, []);
    }
    // Several sends at the same time: each result comes before the answer to its send.
    const texts = Array.from({ length: 8 }, (_, i) => `text ${i}`);
    const answers = await promptly(() =>
      Promise.all(texts.map((text) => sendCopyData(editor, `upper ${text}`, options)))
    );
    assertEquals(answers, texts.map(() => 1n));
    assertEquals(results, texts.map((text) => text.toUpperCase()));
  });

  await t.step("the editor asks a listener before it answers", async () => {
    const log: string[] = [];
    await using client = await listen(async (message) => {
      const text = message.text("ansi");
      log.push(`${message.id} ${text}`);
      if (message.id === BigInt(RESULT)) return 1;
      return Number(await message.reply(`${Number(text) * 10}`, { ...TEXT, id: ANSWER }));
    });
    const options = { ...TEXT, id: EXPRESSION, from: client.listener };
    assertEquals(await promptly(() => sendCopyData(editor, "ask 7", options)), 1n);
    assertEquals(log, [`${QUESTION} 7`, `${RESULT} 71`]);
    // Sends that began before the handler wait, and the handler's reply does not.
    const sent = ["ask 1", "ask 2", "ask 3"].map((text) => sendCopyData(editor, text, options));
    assertEquals(await promptly(() => Promise.all(sent)), [1n, 1n, 1n]);
    assertEquals(log.filter((line) => line.startsWith(`${RESULT} `)).slice(1), [
      `${RESULT} 11`,
      `${RESULT} 21`,
      `${RESULT} 31`,
    ]);
  });

  await t.step("the editor and a listener ask each other several levels deep", async () => {
    let result = "";
    await using client = await listen(async (message) => {
      const text = message.text("ansi");
      if (message.id === BigInt(RESULT)) {
        result = text;
        return 1;
      }
      // The answer to a question is the editor's result for a smaller number.
      const expression = `ask ${Number(text) - 1}`;
      assertEquals(await sendCopyData(message.sender, expression, options), 1n);
      return Number(await message.reply(result, { ...TEXT, id: ANSWER }));
    });
    const options = { ...TEXT, id: EXPRESSION, from: client.listener };
    for (const levels of [1, 2, 6]) {
      assertEquals(await promptly(() => sendCopyData(editor, `ask ${levels}`, options)), 1n);
      assertEquals(result, `${levels + 1}`);
    }
    assertEquals(await promptly(() => sendCopyData(editor, "ask 6", options)), 1n);
  });

  await t.step("the editor sends to the procedure of a window of this thread", async () => {
    let result = "";
    const text = (message: WindowMessage) => decodeText(message.copyData!.bytes, "ansi");
    using window = MessageWindow.open({
      visibility: "hidden",
      procedure: (message) => {
        if (message.copyData === undefined) return undefined;
        if (message.copyData.id === BigInt(RESULT)) {
          result = text(message);
          return 1n;
        }
        const number = Number(text(message));
        const options = { ...TEXT, from: window };
        if (number % 2 === 0) {
          sendCopyDataSync(message.wParam, `ask ${number - 1}`, { ...options, id: EXPRESSION });
        } else result = `${number * 10}`;
        return sendCopyDataSync(message.wParam, result, { ...options, id: ANSWER });
      },
    });
    const options = { ...TEXT, id: EXPRESSION, from: window };
    const cases = [["upper hello", "HELLO"], ["ask 0", "1"], ["ask 7", "71"], ["ask 8", "72"]];
    for (const [expression, expected] of cases) {
      result = "";
      assertEquals(await promptly(() => sendCopyData(editor, expression!, options)), 1n);
      assertEquals(result, expected);
      result = "";
      assertEquals(await promptly(() => sendCopyDataSync(editor, expression!, options)), 1n);
      assertEquals(result, expected);
    }
  });
}

async function beEditor(t: Deno.TestContext, program: string): Promise<void> {
  const answers: string[] = [];
  /** Evaluates an expression, and asks the client for the value of each number in it. */
  const evaluate = async (message: CopyDataMessage): Promise<string> => {
    const [verb, ...words] = message.text("ansi").split(" ");
    if (verb === "upper") return words.join(" ").toUpperCase();
    let sum = 0;
    for (const word of words) {
      assertEquals(await message.reply(word, { ...TEXT, id: QUESTION }), 1n);
      sum += Number(answers.pop());
    }
    return `${sum}`;
  };
  await using server = await listen(async (message) => {
    if (message.id === BigInt(ANSWER)) {
      answers.push(message.text("ansi"));
      return 1;
    }
    return Number(await message.reply(await evaluate(message), { ...TEXT, id: RESULT }));
  });
  await using client = await Peer.startProgram(program, "client", server.listener.class);

  const ask = async (expression: string) => {
    const [answer, milliseconds, ...result] = (await client.ask(expression)).split(" ");
    assertEquals(answer, "1");
    assertLess(Number(milliseconds), PROMPT);
    return result.join(" ");
  };

  await t.step("the script sends its result before it answers the client", async () => {
    assertEquals(await ask("upper hello editor"), "HELLO EDITOR");
  });

  await t.step("the script asks the client before it answers", async () => {
    assertEquals(await ask("sum 7"), "70");
    assertEquals(await ask("sum 1 2 3"), "60");
  });

  await t.step("the script answers two clients at the same time", async () => {
    await using other = await Peer.startProgram(program, "client", server.listener.class);
    const both = await promptly(() =>
      Promise.all([client.ask("upper one"), other.ask("upper two")])
    );
    assertEquals(both.map((line) => line.split(" ").at(-1)), ["ONE", "TWO"]);
    assert(both.every((line) => line.startsWith("1 ")));
  });
}
