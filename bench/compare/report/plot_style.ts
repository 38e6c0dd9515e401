/**
 * Short names, colors and dashes of the ways and programs in plots.
 *
 * @module
 */

import type { By, WayName } from "../ways.ts";

/** The panels of a plot with a line for each way. */
export const PANELS: readonly { readonly title: string; readonly ways: readonly WayName[] }[] = [
  {
    title: "Channels in shared memory",
    ways: [
      "ring-spin",
      "ring-sleep",
      "ring-await",
      "ring-pipe",
      "broadcast",
      "spsc-queue",
      "message-queue",
      "rpc",
      "capnweb",
    ],
  },
  {
    title: "Other shared memory",
    ways: ["section", "file", "events", "latest"],
  },
  {
    title: "Pipes and messages of Windows",
    ways: ["pipe-bytes", "pipe-messages", "mailslot", "copy-data"],
  },
  {
    title: "Sockets, children, Workers",
    ways: ["tcp", "stdio", "worker", "broadcast-channel"],
  },
];

/** Names of the ways for the ends of lines. */
export const SHORT_WAYS: Readonly<Record<WayName, string>> = {
  "ring-spin": "ring, spinning",
  "ring-sleep": "ring, blocking",
  "ring-await": "ring, awaited",
  "ring-pipe": "ring by pipe",
  "rpc": "calls by rings",
  "capnweb": "capnweb by rings",
  "broadcast": "BroadcastRing",
  "latest": "LatestValue",
  "events": "with events",
  "copy-data": "WM_COPYDATA",
  "section": "DLL section",
  "file": "mapped file",
  "pipe-bytes": "pipe of bytes",
  "pipe-messages": "pipe of messages",
  "mailslot": "mailslot",
  "tcp": "TCP",
  "stdio": "stdio",
  "worker": "Worker",
  "broadcast-channel": "BroadcastChannel",
  "message-queue": "message_queue",
  "spsc-queue": "spsc_queue",
};

/** Names of the programs for legends. */
export const SHORT_BY: Readonly<Record<By, string>> = {
  "winipc": "winipc",
  "deno": "Deno alone",
  "c": "C",
  "boost": "Boost",
  "node-net": "node:net in Deno",
  "node": "Node.js, koffi",
  "bun": "Bun's FFI",
};

/** Colors of lines and dots. All have enough contrast to white. */
export const COLORS = [
  "#0969da",
  "#d1440c",
  "#1a7f37",
  "#8250df",
  "#bf3989",
  "#8a6100",
  "#0b7a8a",
  "#57606a",
  "#a40e26",
] as const;

/** The color of each program. */
export const BY_COLORS: Readonly<Record<By, string>> = {
  "winipc": COLORS[0],
  "deno": COLORS[3],
  "c": "#24292f",
  "boost": COLORS[1],
  "node-net": COLORS[4],
  "node": COLORS[2],
  "bun": COLORS[5],
};

/** The programs whose lines are in plots by length, and their dashes. */
export const DASHES: readonly { readonly by: By; readonly dash: string }[] = [
  { by: "winipc", dash: "none" },
  { by: "deno", dash: "9 3" },
  { by: "c", dash: "3 3" },
  { by: "boost", dash: "1.5 2.5" },
];

/** Returns the color of a way in its panel. */
export function colorOf(way: WayName): string {
  const panel = PANELS.find(({ ways }) => ways.includes(way));
  return pick(panel?.ways.indexOf(way) ?? 0);
}

/** Returns the color of a line by its position. */
export function pick(at: number): string {
  return COLORS[at % COLORS.length] ?? COLORS[0];
}
