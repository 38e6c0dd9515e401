/** Runs one of the scripts in tests/peers to its end and gives the lines that it wrote. */
export async function runPeer(script: string, ...flags: string[]): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-ffi",
      ...flags,
      new URL(`peers/${script}`, import.meta.url).href,
    ],
    stderr: "inherit",
    signal: AbortSignal.timeout(60_000),
  }).output();
  return new TextDecoder().decode(stdout).trimEnd().split(/\r?\n/);
}
