/** Returns random arguments of characters that are hard to pass on a command line. */
export function randomArgs(): string[] {
  const pieces = [
    '"',
    '"',
    "\\",
    "\\",
    " ",
    "\t",
    "a",
    "bc",
    "ß",
    "数",
    "𝄞",
    "'",
    "\n",
    "\v",
    "%PATH%",
    "^",
    "&",
    "=",
  ];
  const pick = (count: number) => Math.floor(Math.random() * count);
  return Array.from(
    { length: pick(6) },
    () => Array.from({ length: pick(8) }, () => pieces[pick(pieces.length)]).join(""),
  );
}
