/**
 * Returns the command that runs a script in tests/compare/peers.
 *
 * @param script The file name of the script.
 */
export function denoCommand(script: string): readonly string[] {
  const { href } = new URL(`../peers/${script}`, import.meta.url);
  return [Deno.execPath(), "run", "--no-prompt", "--allow-all", href];
}
