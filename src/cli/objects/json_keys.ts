/**
 * The keys of the JSON objects of `winipc ls` and `winipc info`. A key is missing if its value is
 * unknown, or if the kind of object has no such value.
 *
 * @module
 */

import type { JsonKey } from "../command_line/command.ts";

const NAME: readonly JsonKey[] = [
  { key: "kind", meaning: "The kind of object, one of the words for KIND." },
  { key: "name", meaning: "The name: bare for Local\\, with Global\\ for a global object." },
  { key: "size", meaning: "The size of a section in bytes." },
  { key: "owner", meaning: "The owner's account, or its security identifier." },
  { key: "of", meaning: "The ring or the value that this event or mutex is a part of." },
  { key: "denied", meaning: "True if this user cannot read the section." },
  { key: "problem", meaning: "The reason why a ring or a value cannot be used." },
];

const CHANNEL: readonly JsonKey[] = [
  { key: "version", meaning: "The version of the layout in memory." },
  { key: "capacity", meaning: "Of rings: the capacity in bytes." },
  { key: "maxMessageLength", meaning: "Of rings: the maximum length of a message in bytes." },
  { key: "whenFull", meaning: "Of a ring: wait, fail or drop." },
  { key: "producers", meaning: "Of a ring: single or multiple." },
  { key: "endsWithLastSender", meaning: "Of a ring: whether it ends with the last sender." },
  { key: "tail", meaning: "Of a ring: the end of the written bytes, modulo 2³²." },
  { key: "head", meaning: "Of a ring: the end of the read bytes, modulo 2³²." },
  { key: "used", meaning: "Of a ring: the number of bytes in it." },
  { key: "received", meaning: "Of a ring: the number of messages that were received." },
  { key: "dropped", meaning: "Of a ring: the number of messages that were dropped, modulo 2³²." },
  { key: "receiverWaits", meaning: "Of a ring: whether the receiver waits for messages." },
  { key: "senderWaits", meaning: "Of a ring: whether a sender waits for room." },
  { key: "sent", meaning: "Of a broadcast ring: the number of messages." },
  { key: "written", meaning: "Of a broadcast ring: the bytes that were written, with headers." },
  { key: "wakeEvents", meaning: "Of a broadcast ring: the prefix of the readers' events." },
  { key: "valueLength", meaning: "Of a latest value: its length in bytes." },
  { key: "byteLength", meaning: "Of a latest frame: the maximum length in bytes." },
  { key: "slots", meaning: "Of a latest frame: the number of slots." },
  { key: "maxReaders", meaning: "Of a latest frame: the maximum number of readers." },
  { key: "published", meaning: "The number of values, modulo 2³², or of frames." },
  { key: "frameLength", meaning: "Of a latest frame: the length of the newest frame in bytes." },
  { key: "readers.waited", meaning: "The number of readers that have waited at least once." },
  { key: "readers.waiting", meaning: "The number of readers that wait now." },
  { key: "places[].role", meaning: "sender, receiver, writer or reader." },
  { key: "places[].state", meaning: "free, alive, closed, dead, or hidden from this user." },
  { key: "places[].process", meaning: "The id of the process." },
  { key: "places[].thread", meaning: "The id of the thread, if the end is in a Worker." },
];

const WINDOW: readonly JsonKey[] = [
  { key: "class", meaning: "The name of a window's class." },
  { key: "title", meaning: "The title of a window." },
  { key: "handle", meaning: "The handle of a window (HWND)." },
  { key: "process", meaning: "The id of a window's process, or of a mutex's holder." },
  { key: "image", meaning: "The file name of a window's program." },
  { key: "messageOnly", meaning: "Whether a window is message-only." },
];

/** The keys of `winipc ls`. */
export const LS_KEYS: readonly JsonKey[] = [
  { key: "event", meaning: "With --watch: created or closed." },
  ...NAME,
  ...CHANNEL,
  { key: "layoutLength", meaning: "The length of the layout's description; 0 without a layout." },
  ...WINDOW,
];

/** The keys of `winipc info`. */
export const INFO_KEYS: readonly JsonKey[] = [
  ...NAME,
  { key: "ownerSid", meaning: "The owner's security identifier." },
  { key: "access", meaning: "The access list; missing if there is none." },
  { key: "access[].account", meaning: "The account, or its security identifier." },
  { key: "access[].sid", meaning: "The account's security identifier." },
  { key: "access[].allows", meaning: "Whether the rights are allowed; otherwise denied." },
  { key: "access[].rights", meaning: "The rights in words." },
  { key: "access[].mask", meaning: "The rights as a number." },
  { key: "access[].inherited", meaning: "Whether the entry is inherited." },
  { key: "protected", meaning: "Whether the object inherits no entries." },
  { key: "sddl", meaning: "The owner, the access list and the label in SDDL." },
  { key: "handles", meaning: "The number of handles besides that of winipc." },
  { key: "holders", meaning: "The processes with handles; missing if the system does not tell." },
  { key: "holders[].process", meaning: "The id of the process." },
  { key: "holders[].image", meaning: "The file name of its program." },
  { key: "holders[].handles", meaning: "The number of its handles." },
  { key: "program", meaning: "Of a section: whether it holds a program or a DLL." },
  { key: "reserved", meaning: "Of a section: whether its pages are committed when used." },
  ...CHANNEL,
  { key: "places[].image", meaning: "The file name of the process's program." },
  { key: "layout", meaning: "The layout's canonical text." },
  { key: "manual", meaning: "Of an event: whether it stays set until it is reset." },
  { key: "set", meaning: "Of an event: whether it is set." },
  { key: "count", meaning: "Of a semaphore: its count." },
  { key: "maximum", meaning: "Of a semaphore: its maximum count." },
  { key: "held", meaning: "Of a mutex: whether a thread holds it." },
  { key: "abandoned", meaning: "Of a mutex: whether its last holder ended without releasing it." },
  { key: "path", meaning: "Of a pipe or a mailslot: its path." },
  { key: "waiting", meaning: "Of a pipe: whether an instance waits for a client." },
  ...WINDOW,
  { key: "thread", meaning: "The thread of a window, or of a mutex's holder." },
  { key: "responds", meaning: "Whether a window's program takes messages." },
];
