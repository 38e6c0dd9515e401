/**
 * The subcommand about other machines.
 *
 * @module
 */

import type { CommandSpec } from "../command_line/command.ts";
import { FORMAT_OPTIONS } from "../printing/records.ts";
import { INTERVAL, TIMEOUT } from "./options.ts";

/** The subcommand about other machines. */
export const BRIDGE_COMMANDS = [
  {
    name: "bridge",
    summary: "Carry messages between this machine's channels and a NATS server.",
    description: [
      "Carries messages until Ctrl-C, or until all sources have ended. A ROUTE has a target of this " +
      "machine at one end and a subject at the other: ring:lines to desk.lines. In quotes, " +
      "'ring:lines=>desk.lines' is the same in one word.",
      "The targets are those of winipc listen and winipc send, without events. A ring and a " +
      "broadcast ring must exist, and a pipe to send to must be one of messages. A ring and a " +
      "mailslot have one receiver, so winipc takes from those only with --take.",
      "A route delivers at most once. With --stream, the routes to subjects deliver to a JetStream " +
      "stream, at least once: a message stays in its ring until the stream has it. With --durable, " +
      "the route from a subject reads a stream by a consumer that the server remembers.",
      "On a terminal, the counts are live. Elsewhere, winipc prints a line of JSON for each route " +
      "and interval, and at the end. After Ctrl-C, winipc takes nothing more, and delivers what was " +
      "taken. If the server is away, winipc tries again every second. A route that fails does not " +
      "end the others; the exit code is that of the first failure.",
      "The first use downloads the NATS client @nats-io/transport-node from npm. A password on the " +
      "command line can be read by other programs of the user: --creds cannot. " +
      "docs/beyond.md says what each route promises.",
    ],
    arguments: [
      {
        name: "ROUTE",
        summary: "A route: TARGET to SUBJECT, or SUBJECT to TARGET.",
        repeated: true,
      },
    ],
    options: [
      {
        name: "nats",
        value: "URL",
        default: "nats://127.0.0.1:4222",
        summary: "The server: nats://USER:PASSWORD@HOST:PORT, tls://HOST:PORT, or several with " +
          "commas between them.",
      },
      { name: "creds", value: "FILE", summary: "The file with the user's credentials." },
      { name: "take", summary: "Take messages that another receiver may wait for." },
      {
        name: "stream",
        value: "NAME",
        summary: "Deliver to this JetStream stream, which must store the subjects.",
      },
      {
        name: "in-flight",
        value: "N",
        integer: [1, 65_536],
        summary: "Have at most N messages that the stream has not acknowledged. Default: 256.",
      },
      {
        name: "durable",
        value: "NAME",
        summary: "Read the subject by this durable consumer of its stream.",
      },
      {
        name: "messages",
        summary: "Create pipes of messages. Without it, the clients of a pipe send lines.",
      },
      {
        name: "drop-long",
        summary: "Drop and count messages that are longer than the server takes. Without it, a " +
          "route that can have such messages is refused.",
      },
      INTERVAL,
      TIMEOUT,
      ...FORMAT_OPTIONS,
    ],
    examples: [
      {
        text: "Carry a ring's lines to other machines",
        command: "winipc bridge ring:lines to desk.lines --take",
      },
      {
        text: "Both directions, by a server elsewhere",
        command: "winipc bridge --nats nats://nats.example.com --take ring:lines to desk.lines " +
          "desk.back to ring:back",
      },
      {
        text: "At least once, by a stream",
        command: "winipc bridge ring:jobs to jobs.new --take --stream JOBS",
      },
    ],
    permissions: [
      { flag: "--allow-net", when: "to reach the server" },
      { flag: "--allow-read", when: "with --creds" },
    ],
    json: [
      { key: "time", meaning: "When winipc looked: ISO 8601, UTC." },
      { key: "route", meaning: "The route: ring:lines => desk.lines." },
      { key: "state", meaning: "running, ended or failed." },
      { key: "error", meaning: "Why the route has failed; missing if it has not." },
      { key: "messagesPerSecond", meaning: "The rate of delivered messages since the last look." },
      { key: "taken", meaning: "The number of messages that were taken from the source." },
      {
        key: "delivered",
        meaning: "The number of messages that the server, the stream or the target has taken.",
      },
      { key: "bytes", meaning: "The number of bytes of the delivered messages." },
      { key: "pending", meaning: "The number of messages without acknowledgement up to now." },
      { key: "lost", meaning: "The number of messages that are known to be lost." },
      { key: "tooLong", meaning: "The number of messages that were too long, and were dropped." },
      {
        key: "duplicates",
        meaning: "The number of messages that had arrived before, and were dropped.",
      },
      { key: "retries", meaning: "The number of times that messages were sent again." },
    ],
  },
] as const satisfies readonly CommandSpec[];
