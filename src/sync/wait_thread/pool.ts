/**
 * Which thread waits for what: one for each 63 objects, and one for each wait that Windows can
 * only do alone.
 *
 * @module
 */

import { WaitHost } from "./host.ts";
import type { WaitJob } from "./job.ts";

/** How many threads without a job are kept: a script blocks for a moment while it starts one. */
const MAX_IDLE = 8;

const hosts = new Set<WaitHost>();

/** Has a thread do a job. */
export function waitOnThread(job: WaitJob): void {
  const host = hosts.values().find((host) => host.hasRoomFor(job)) ?? start();
  void serve(host, job);
}

function start(): WaitHost {
  const host = new WaitHost();
  hosts.add(host);
  void host.finished.then(() => hosts.delete(host));
  return host;
}

/** Has a thread do a job, and ends the thread if it then is one too many without a job. */
async function serve(host: WaitHost, job: WaitJob): Promise<void> {
  await host.run(job);
  if (host.over || !host.idle) return;
  const idle = [...hosts].filter(({ idle, over }) => idle && !over);
  if (idle.length > MAX_IDLE) host.end();
}
