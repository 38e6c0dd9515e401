import type { Handle } from "../../ffi/handle.ts";
import { createSinglePipe, openPipe, PIPE_RIGHTS } from "../../ffi/named_pipe.ts";
import { sddlFor } from "../../ffi/security.ts";
import { randomName } from "../support/random_name.ts";

/** Both ends of a pipe, which this process owns. */
export interface PipePair extends Disposable {
  /** The pipe's name in messages. */
  label: string;
  server: Handle;
  client: Handle;
}

/** The size of the buffers of a pipe, in bytes. */
export const BUFFER_SIZE = 65_536;

/** Makes a pipe of bytes. */
export function makePipe(bufferSize = BUFFER_SIZE): PipePair {
  const path = `\\\\.\\pipe\\${randomName()}`;
  const label = `pipe "${path}"`;
  const server = createSinglePipe({
    path,
    label,
    direction: "duplex",
    hasMessages: false,
    allowRemote: false,
    bufferSize,
  }, sddlFor("user", PIPE_RIGHTS));
  const { handle: client } = openPipe({ path, label, impersonation: "identify" });
  return {
    label,
    server,
    client,
    [Symbol.dispose]: () => {
      client.close();
      server.close();
    },
  };
}
