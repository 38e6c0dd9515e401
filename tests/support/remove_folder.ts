/** Maximum time that ended processes can keep a folder in use, in milliseconds. */
const PATIENCE = 20_000;

/**
 * Removes a folder with its contents as soon as no file in it is in use. For a moment after a
 * process has ended, Wine still has the process's current directory and its program open.
 */
export async function removeFolder(path: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE;;) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      // ERROR_SHARING_VIOLATION: Deno has no class for it.
      const isUsed = error instanceof Error && error.message.includes("(os error 32)");
      if (!isUsed || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
