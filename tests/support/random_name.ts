/** Returns a name that no other test and no earlier run has used. */
export function randomName(): string {
  return `winipc-test-${crypto.randomUUID()}`;
}
