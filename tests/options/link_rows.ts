/**
 * The functions that make links for requests, with their arguments.
 *
 * @module
 */

import {
  channelLink,
  childLink,
  connectName,
  linksOf,
  listenWindow,
  pipeLink,
  ringLink,
  serveName,
  stdioLink,
  windowLink,
} from "../../src/rpc/mod.ts";
import { randomName } from "../support/random_name.ts";
import { type Given, type Options, plain, type Row } from "./row.ts";
import { NO_WINDOW, SECURITY, SERVE, WAIT } from "./shared_options.ts";

const LENGTH: Options = { maxMessageLength: ["count", 8] };
/** An argument without a right value in these rows. */
const INSTANCE: Given = ["instance", undefined];

/** Makes the rows of functions that make links. */
export function* linkRows(): Generator<Row> {
  const name: Given = ["name", randomName()];
  yield plain(serveName, "serveName", {
    needed: [name, ["object", {}]],
    options: {
      ...LENGTH,
      ...SECURITY,
      capacity: ["count", 65_536],
      packages: ["packages", true],
      backlog: ["count", 1],
      ...SERVE,
    },
    isPartial: true,
  });
  yield plain(connectName, "connectName", {
    needed: [name],
    options: {
      ...WAIT,
      waitForServer: ["flag", false],
      impersonation: ["word", "anonymous"],
      server: ["server", { pid: 4 }],
    },
  });
  const flags: Options = { acceptLowerIntegrity: ["flag", false] };
  yield plain(windowLink, "windowLink", {
    needed: [NO_WINDOW],
    options: { ...LENGTH, ...WAIT, ...flags },
  });
  yield plain(listenWindow, "listenWindow", {
    needed: [],
    options: {
      ...LENGTH,
      ...flags,
      class: ["name", randomName()],
      title: ["text", ""],
      visibility: ["word", "hidden"],
      maxLinks: ["count", 1],
      signal: WAIT.signal!,
    },
    isPartial: true,
  });
  yield plain(stdioLink, "stdioLink", { needed: [], options: LENGTH, isPartial: true });
  for (const link of [ringLink, channelLink]) {
    yield plain(link, link.name, { needed: [INSTANCE], isPartial: true });
  }
  for (const link of [pipeLink, childLink]) {
    yield plain(link, link.name, { needed: [INSTANCE], isPartial: true });
  }
  yield plain(linksOf, "linksOf", {
    needed: [["instance", new ReadableStream()], ["function", () => {}]],
    isPartial: true,
  });
}
