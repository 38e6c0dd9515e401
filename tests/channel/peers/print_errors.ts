/** Tries to open something in several ways, and prints each error, or "opened". */
export async function printErrors(attempts: readonly (() => unknown)[]): Promise<void> {
  for (const open of attempts) {
    try {
      await open();
      console.log("opened");
    } catch (error) {
      console.log(String(error));
    }
  }
}
