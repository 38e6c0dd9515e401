/**
 * The functions of named pipes, with their arguments.
 *
 * @module
 */

import { connectPipe, listenPipe } from "../../mod.ts";
import { randomName } from "../support/random_name.ts";
import { type Given, method, type Options, plain, type Row } from "./row.ts";
import { SECURITY, WAIT } from "./shared_options.ts";

const BYTES: Given = ["bytes", new Uint8Array(4)];
const PIPE: Options = {
  mode: ["word", "messages"],
  emptyMessage: ["word", "end"],
  maxMessageLength: ["count", 8],
};

/** Makes the rows of functions that check their arguments on any system. */
export function* plainPipeRows(): Generator<Row> {
  yield plain(listenPipe, "listenPipe", {
    needed: [],
    options: {
      ...PIPE,
      ...SECURITY,
      name: ["name", randomName()],
      direction: ["word", "duplex"],
      packages: ["packages", true],
      allowRemote: ["flag", false],
      backlog: ["count", 1],
      maxConnections: ["count", 1],
      signal: WAIT.signal!,
    },
  });
  yield plain(connectPipe, "connectPipe", {
    needed: [["name", randomName()]],
    options: {
      ...PIPE,
      ...WAIT,
      waitForServer: ["flag", false],
      impersonation: ["word", "anonymous"],
      server: ["server", { pid: 4 }],
    },
  });
}

/** Makes the rows of methods. The stack closes the objects of these methods. */
export async function pipeRows(stack: DisposableStack): Promise<Row[]> {
  const options = { mode: "messages" } as const;
  const listener = stack.use(listenPipe({ name: randomName(), ...options }));
  const client = await connectPipe(listener.path, options);
  stack.defer(() => client.abort());
  const connection = await listener.accept();
  stack.defer(() => connection.abort());
  return [
    method("PipeListener.accept", listener, { needed: [], options: WAIT }),
    method("PipeConnection.read", connection, { needed: [BYTES], options: WAIT }),
    method("PipeConnection.readMessage", connection, { needed: [], options: WAIT }),
    method("PipeConnection.write", connection, { needed: [BYTES], options: WAIT }),
    method("PipeConnection.flushed", connection, { needed: [], options: WAIT }),
  ];
}
