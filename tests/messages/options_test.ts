import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as messages from "../../src/messages/mod.ts";
import { randomName } from "../support/random_name.ts";

const {
  CopyDataListener,
  CopyDataMessage,
  decodeText,
  encodeText,
  MessageSender,
  MessageWindow,
  postMessage,
  registerWindowMessage,
  sendCopyData,
  sendCopyDataSync,
  sendMessage,
} = messages;

/** The handle of no window. The system refuses a send to it, after all arguments are checked. */
const gone = 0x7ffc_fff0n;

/** Values of all kinds. */
const VALUES: readonly unknown[] = [
  5,
  -1,
  0.5,
  NaN,
  gone,
  2n ** 64n,
  "x",
  "",
  true,
  null,
  {},
  [],
  Object.create(null),
  () => 1,
  Symbol("x"),
  new Date(),
  AbortSignal.abort("a reason of the caller"),
];

/** Whether an option takes one of `VALUES`. The option must refuse all other values. */
type Accepts = (value: unknown) => boolean;

const isString: Accepts = (value) => typeof value === "string";
const isFunction: Accepts = (value) => typeof value === "function";
const isBoolean: Accepts = (value) => typeof value === "boolean";
const isPositive: Accepts = (value) => value === 5;
const isNumeric: Accepts = (value) => value === 5 || value === gone;
const isInteger: Accepts = (value) => value === -1 || isNumeric(value);
/** 5 is not a window's handle, because its upper half is 0. -1 names all windows. */
const isWindow: Accepts = (value) => value === gone;
const isSignal: Accepts = (value) => value instanceof AbortSignal;
const isAnswer: Accepts = (value) => isInteger(value) || isBoolean(value);
const isEmpty: Accepts = (value) =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0;
const nothing: Accepts = () => false;

/** Each function that takes options, and each of its options. */
const FUNCTIONS: [(options: never) => unknown, Record<string, Accepts>][] = [
  [(options) => MessageWindow.open({ procedure: () => undefined, ...options as object }).close(), {
    class: (value) => value === "x",
    title: isString,
    visibility: nothing,
    procedure: nothing,
  }],
  [async (options) => await (await CopyDataListener.open(options)).close(), {
    class: (value) => value === "x",
    title: isString,
    visibility: nothing,
    onMessage: isFunction,
    allow: isFunction,
    onError: isFunction,
    answer: isAnswer,
    answers: (value) => isEmpty(value) && !Array.isArray(value),
    replyTimeout: isPositive,
    maxByteLength: isPositive,
    highWaterMark: isPositive,
    acceptLowerIntegrity: isBoolean,
  }],
  [(options) => sendCopyDataSync(gone, "", options), {
    id: isNumeric,
    encoding: nothing,
    terminate: isBoolean,
    timeout: isPositive,
    from: isWindow,
  }],
  [(options) => sendCopyData(gone, "", options), {
    id: isNumeric,
    encoding: nothing,
    terminate: isBoolean,
    timeout: isPositive,
    from: isWindow,
    signal: isSignal,
  }],
  [(options) => sendMessage(gone, 0x400, options), {
    wParam: isInteger,
    lParam: isInteger,
    timeout: isPositive,
    signal: isSignal,
  }],
  [(options) => postMessage(gone, 0x400, options), { wParam: isInteger, lParam: isInteger }],
];

/** Returns the error that a call throws or rejects with, or `undefined`. */
async function errorOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
}

/** Throws unless an error is an error of this library about an argument. */
function assertOurs(error: unknown, what: string): void {
  assert(error instanceof TypeError || error instanceof RangeError, `${what}: ${error}`);
  assert(
    /^(Expected|There is no option|Cannot (pass|send)) /.test(error.message),
    `${what}: ${error}`,
  );
}

for (const [call, options] of FUNCTIONS) {
  const name = /[a-z]\w+(?:\.open)?(?=\()/i.exec(String(call).replace("async", ""))![0];
  Deno.test(`${name}() throws for each option of the wrong type, and for each unknown option`, async () => {
    const use = (options: unknown) => errorOf(() => call(options as never));
    for (const [option, accepts] of Object.entries(options)) {
      for (const value of VALUES) {
        const what = `${name}({ ${option}: ${typeof value} ${
          String(Object(value).toString?.())
        } })`;
        const error = await use({ [option]: value });
        if (accepts(value)) assert(!isOurs(error), `${what}: ${error}`);
        else assertOurs(error, what);
      }
      const misspelt = `${option}x`;
      const error = await use({ [misspelt]: undefined });
      assertInstanceOf(error, TypeError);
      assertEquals(error.message, `There is no option "${misspelt}": did you mean "${option}"?`);
    }
    for (const wrong of [5, "x", null]) {
      // The options of MessageWindow.open() are built above, so they cannot be of the wrong type.
      if (name !== "MessageWindow.open") assertOurs(await use(wrong), `${name}(${wrong})`);
    }
  });
}

function isOurs(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

Deno.test("Functions for messages throw errors of this library for arguments of the wrong type", async () => {
  await using listener = await CopyDataListener.open({ answer: 1 });
  const message = new CopyDataMessage({ id: 1n, bytes: new Uint8Array(2), sender: 0n });
  using window = MessageWindow.open({ procedure: () => undefined });
  const calls: Record<string, [(value: never) => unknown, Accepts]> = {
    "sendCopyData(target)": [(value) => sendCopyData(value, ""), isWindow],
    "sendCopyDataSync(target)": [(value) => sendCopyDataSync(value, ""), isWindow],
    "sendMessage(target)": [(value) => sendMessage(value, 0x400), isWindow],
    "postMessage(target)": [(value) => postMessage(value, 0x400), isWindow],
    "sendCopyData(data)": [(value) => sendCopyData(gone, value), isString],
    "sendCopyDataSync(data)": [(value) => sendCopyDataSync(gone, value), isString],
    "sendMessage(message)": [(value) => sendMessage(gone, value), isPositive],
    "postMessage(message)": [(value) => postMessage(gone, value), isPositive],
    "acceptLowerIntegrity(message)": [(value) => window.acceptLowerIntegrity(value), isPositive],
    "registerWindowMessage(name)": [registerWindowMessage, (value) => value === "x"],
    "encodeText(text)": [(value) => encodeText(value), isString],
    "decodeText(bytes)": [(value) => decodeText(value), nothing],
    "encodeText(encoding)": [(value) => encodeText("", value), nothing],
    "decodeText(encoding)": [(value) => decodeText(new Uint8Array(2), value), nothing],
    "text(encoding)": [(value) => message.text(value), nothing],
    "new MessageSender(handle)": [(value) => new MessageSender(value), (value) => value === gone],
    "receive(timeout)": [(timeout) => receive({ timeout }), isPositive],
    "receive(signal)": [(signal) => receive({ signal, timeout: 0 }), isSignal],
  };
  async function receive(options: object): Promise<void> {
    await listener.receive(options).catch((error) => {
      if (!(error instanceof Deno.errors.TimedOut)) throw error;
    });
  }
  for (const [name, [call, accepts]] of Object.entries(calls)) {
    for (const value of VALUES) {
      const error = await errorOf(() => call(value as never));
      const what = `${name}: ${typeof value} ${String(Object(value).toString?.())}`;
      if (accepts(value)) assert(!isOurs(error), `${what}: ${error}`);
      else assertOurs(error, what);
    }
  }
});

Deno.test("CopyDataListener.open() throws for answers with an invalid message number or an invalid value", async () => {
  for (const key of ["0", "0x400", "1023", "65536", "1024.5", "-1", "class"]) {
    const answers = { [key]: 1 };
    const error = await errorOf(() => CopyDataListener.open({ answers }));
    assertInstanceOf(error, RangeError);
    assertEquals(
      error.message,
      `Expected the keys of answers to be message numbers from 1024 to 65535, got "${key}"; write a ` +
        "constant key in brackets, as in { [WM_USER]: 1 }",
    );
  }
  for (const answer of ["1", null, undefined, 0.5, {}]) {
    // @ts-expect-error: the call must also fail at run time
    const open = () => CopyDataListener.open({ answers: { 1024: answer } });
    assertOurs(await errorOf(open), `${answer}`);
  }
});

Deno.test("CopyDataListener.open() leaves nothing open if it throws", async () => {
  const name = randomName();
  // @ts-expect-error: the call must also fail at run time
  await assertRejects(() => CopyDataListener.open({ class: name, answr: 1 }), TypeError);
  await using listener = await CopyDataListener.open({ class: name });
  assertEquals(listener.class, name);
});
