import { bold, dim, green, red, yellow } from "@std/fmt/colors";
import { alignColumns } from "./printing/columns.ts";
import type { Invocation } from "./command_line/command.ts";
import { COMMANDS, type SpecOf } from "./commands.ts";
import { escapeText } from "./printing/escape.ts";
import { EXIT, messageOf } from "./command_line/failure.ts";
import { formatOf } from "./printing/records.ts";
import { sizeText } from "./printing/size_text.ts";
import { toJson } from "./printing/json.ts";
import type { Output } from "./printing/output.ts";
import { MIN_DENO, requireHost, whyUnsupported, windowsVersion } from "../../ffi/platform.ts";
import {
  ansiCodePage,
  machineMemory,
  tokenInfo,
  userName,
  wineVersion,
} from "../../ffi/this_process.ts";
import { currentSession } from "../../ffi/process_thread.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { type Tried, TRIES, tryOnce } from "./ways/tries.ts";

/** The privileges that matter, and what each of them is for. */
const PRIVILEGES: Readonly<Record<string, string>> = {
  SeCreateGlobalPrivilege: "create memory for all sessions (Global\\)",
  SeDebugPrivilege: "handles of processes of other users",
};

/** The permissions that the command can use. */
const PERMISSIONS = ["ffi", "read", "write", "net"] as const;

/** Runs `winipc doctor`: describes this machine, and tries each way once. */
export async function run(
  { options, output, signal }: Invocation<SpecOf<"doctor">>,
): Promise<number> {
  const format = formatOf(options);
  const basis = basics();
  const unusable = whyUnusable();
  const facts = unusable === undefined ? { ...basis, ...windowsFacts() } : basis;
  if (format === "text") printFacts(facts, output);
  const ways: Tried[] = [];
  if (unusable === undefined) {
    if (format === "text") output.line("");
    for (const way of TRIES) {
      signal.throwIfAborted();
      output.status(`Trying ${way.text} …`);
      const tried = await tryOnce(way, signal);
      ways.push(tried);
      if (format === "text") printTried(way, tried, output);
    }
  }
  const ok = unusable === undefined && ways.every(({ ok, expected }) => ok || !expected);
  if (format !== "text") {
    const document = {
      ok,
      ...(unusable === undefined ? {} : { reason: unusable.reason }),
      ...facts,
      ways,
    };
    output.line(toJson(document, format === "json" ? 2 : 0));
  } else if (unusable !== undefined) {
    output.line(`\n${red("✗")} ${unusable.reason}`);
  } else {
    output.line(ok ? green("\nAll that can be expected works.") : red("\nNot all works: see ✗."));
  }
  return ok ? EXIT.done : unusable?.code ?? EXIT.failed;
}

/** Returns the reason why nothing can be tried, and the exit code. */
function whyUnusable(): { readonly reason: string; readonly code: number } | undefined {
  const reason = whyUnsupported();
  if (reason !== undefined) return { reason, code: EXIT.failed };
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return {
      reason: "winipc doctor needs the permission --allow-ffi to try the ways: " +
        "add --allow-ffi after deno run, or install the command with --allow-ffi",
      code: EXIT.denied,
    };
  }
  try {
    requireHost();
  } catch (error) {
    const reason = messageOf(error);
    return { reason, code: EXIT.failed };
  }
}

/** The facts that each system tells. */
function basics() {
  return {
    deno: { version: Deno.version.deno, oldest: MIN_DENO },
    system: { os: Deno.build.os, arch: Deno.build.arch },
    processors: navigator.hardwareConcurrency,
    permissions: Object.fromEntries(
      PERMISSIONS.map((name) => [name, Deno.permissions.querySync({ name }).state === "granted"]),
    ),
  };
}

/** The facts that Windows tells. */
function windowsFacts() {
  const [major, build] = windowsVersion();
  const wine = wineVersion();
  return {
    windows: { major, build, ...(wine === undefined ? {} : { wine }) },
    memory: machineMemory(),
    user: { name: userName(), sid: currentUserSid(), session: currentSession() },
    ...tokenInfo(Object.keys(PRIVILEGES)),
    codePage: ansiCodePage(),
  };
}

type Facts = ReturnType<typeof basics> & Partial<ReturnType<typeof windowsFacts>>;

function printFacts(facts: Facts, output: Output): void {
  const { deno, system, windows, memory, user, permissions, privileges = {} } = facts;
  const rows: string[][] = [["Deno", `${deno.version} (${deno.oldest} or newer is needed)`]];
  const on = windows === undefined
    ? system.os
    : `${windows.wine === undefined ? "" : `Wine ${windows.wine} as `}Windows ${windows.major}, ` +
      `build ${windows.build}`;
  rows.push(["System", `${escapeText(on)}, ${system.arch}`]);
  rows.push(["Processors", String(facts.processors)]);
  if (memory !== undefined) {
    const [total, available] = [memory.total, memory.available].map(sizeText);
    rows.push(["Memory", `${total}; the largest section can have ${available}`]);
  }
  if (user !== undefined) {
    const rights = facts.elevated ? "elevated" : "not elevated";
    rows.push(["User", `${escapeText(user.name)} (${user.sid}), session ${user.session}`]);
    rows.push(["Rights", `${rights}, integrity level ${facts.integrity}`]);
  }
  for (const [name, held] of Object.entries(privileges)) {
    rows.push([name, `${held ? "yes" : "no"}: ${PRIVILEGES[name]}`]);
  }
  if (facts.codePage !== undefined) rows.push(["Code page", String(facts.codePage)]);
  for (const [name, granted] of Object.entries(permissions)) {
    const answer = granted ? "yes: " : "no: ";
    usesOf(`--allow-${name}`).forEach((use, index) =>
      rows.push(
        index === 0 ? [`--allow-${name}`, answer + use] : ["", " ".repeat(answer.length) + use],
      )
    );
  }
  for (const line of alignColumns(rows.map(([name, text]) => [bold(name!), text!]))) {
    output.line(line);
  }
}

/** Returns what a permission is needed for, from the table of subcommands: a text for each use. */
function usesOf(flag: string): string[] {
  if (flag === "--allow-ffi") return ["everything"];
  const uses = COMMANDS.flatMap(({ name, permissions }) =>
    permissions.filter((permission) => permission.flag === flag).map(({ when }) => ({ name, when }))
  );
  const grouped = Map.groupBy(uses, ({ when }) => when);
  return [...grouped].map(([when, of]) => `${of.map(({ name }) => name).join(", ")}: ${when}`);
}

function printTried(
  way: { readonly name: string; readonly text: string },
  { ok, expected, milliseconds, ...failure }: Tried,
  output: Output,
) {
  const mark = ok ? green("✓") : expected ? red("✗") : yellow("-");
  const time = ok ? dim(` ${milliseconds.toFixed(1)} ms`) : "";
  output.line(`${mark} ${way.name.padEnd(10)} ${way.text}${time}`);
  if (failure.reason !== undefined) output.line(`  ${escapeText(failure.reason)}`);
  if (failure.advice !== undefined) output.line(`  What to do: ${failure.advice}`);
}
