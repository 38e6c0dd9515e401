/** How long a folder may be in use by processes that are over, in milliseconds. */
const PATIENCE = 20_000;

/**
 * Removes a folder and all that is in it, as soon as Windows lets go of it: for a moment after a process is over,
 * Wine still has its current directory and its program open.
 */
export async function removeFolder(path: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE;;) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      // ERROR_SHARING_VIOLATION, for which Deno has no class.
      const isUsed = error instanceof Error && error.message.includes("(os error 32)");
      if (!isUsed || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
