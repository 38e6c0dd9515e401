/**
 * The compared ways to share data, and the programs that offer them.
 *
 * @module
 */

/** The compared ways, and their names in tables. */
export const WAYS = {
  "ring-spin": "RingChannel, spinning",
  "ring-sleep": "RingChannel, blocking",
  "ring-await": "RingChannel, awaited",
  "ring-pipe": "RingChannel over a pipe's handshake",
  "rpc": "calls over RingChannel",
  "capnweb": "calls by npm capnweb over RingChannel",
  "broadcast": "BroadcastRing",
  "latest": "LatestValue",
  "events": "memory with events",
  "copy-data": "WM_COPYDATA",
  "section": "DLL section, spinning",
  "file": "mapped file, spinning",
  "pipe-bytes": "named pipe of bytes",
  "pipe-messages": "named pipe of messages",
  "mailslot": "mailslot",
  "tcp": "TCP over loopback",
  "stdio": "a child's stdin and stdout",
  "worker": "Worker, postMessage",
  "broadcast-channel": "BroadcastChannel between Workers",
  "message-queue": "message_queue",
  "spsc-queue": "spsc_queue, spinning",
} as const;

/** The name of a way. */
export type WayName = keyof typeof WAYS;

/** The libraries and runtimes that offer ways, and their names in tables. */
export const BY = {
  "winipc": "winipc",
  "c": "C",
  "boost": "Boost.Interprocess and Boost.Lockfree",
  "deno": "Deno alone",
  "node-net": "node:net in Deno",
  "node": "Node.js with koffi",
  "bun": "Bun's FFI",
} as const;

/** A library or a runtime that offers ways. */
export type By = keyof typeof BY;

/** The ways that both scripts and C offer, so that they are compared. */
const IN_SCRIPTS_AND_C = [
  "ring-spin",
  "ring-sleep",
  "ring-pipe",
  "broadcast",
  "latest",
  "events",
  "copy-data",
  "section",
  "file",
  "pipe-bytes",
  "pipe-messages",
  "mailslot",
  "stdio",
] as const;

/** The ways that each library or runtime offers. */
export const OFFERED: Readonly<Record<By, readonly WayName[]>> = {
  "winipc": [...IN_SCRIPTS_AND_C, "ring-await", "rpc", "capnweb"],
  "deno": ["tcp", "stdio", "worker", "broadcast-channel"],
  "c": [...IN_SCRIPTS_AND_C, "tcp"],
  "boost": ["message-queue", "spsc-queue"],
  "node-net": ["pipe-bytes"],
  "node": ["events", "pipe-bytes", "tcp"],
  "bun": ["events"],
};

/** The ways within one process: the far end is a Worker. */
export const IN_PROCESS: ReadonlySet<WayName> = new Set(["worker", "broadcast-channel"]);

/** The ways whose near end starts the far end. */
export const STARTS_FAR: ReadonlySet<WayName> = new Set(["stdio", "worker", "broadcast-channel"]);

/** All lengths of frames, in bytes. */
export const LENGTHS = [8, 64, 1024, 65_536, 1_048_576] as const;
