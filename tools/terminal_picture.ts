/**
 * Draws the text of a terminal as an SVG.
 *
 * @module
 */

/** The width of a character and the height of a line, in the units of the picture. */
const CHARACTER = 8;
const LINE = 18;
const MARGIN = 16;
/** The height of the bar with the title. */
const BAR = 30;

/** The class of each code that changes colours, as @std/fmt/colors writes them. */
const CLASSES: Readonly<Record<string, string>> = {
  "1": "b",
  "2": "d",
  "7": "i",
  "31": "r",
  "32": "g",
  "33": "y",
  "36": "c",
};
/** The codes that end a colour or a style, and the classes that they end. */
const ENDS: Readonly<Record<string, readonly string[]>> = {
  "0": Object.values(CLASSES),
  "22": ["b", "d"],
  "27": ["i"],
  "39": ["r", "g", "y", "c"],
};

const STYLE = "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#e6edf3}" +
  ".b{font-weight:bold}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#7ee787}" +
  ".y{fill:#e3b341}.c{fill:#79c0ff}.i{fill:#e3b341;font-weight:bold}";

/**
 * Returns an SVG of some lines. The window is dark, so it can be read on light and dark pages.
 *
 * @param lines The lines, with escape codes for colours.
 * @param columns The width of the terminal.
 */
export function drawTerminal(title: string, lines: readonly string[], columns: number): string {
  const width = 2 * MARGIN + columns * CHARACTER;
  const height = BAR + MARGIN + lines.length * LINE + MARGIN / 2;
  const texts = lines.flatMap((line, row) => drawLine(line, BAR + MARGIN + row * LINE));
  return `\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" \
aria-label="${escape(title)}"><style>${STYLE}</style>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117" stroke="#30363d"/>
<text x="${MARGIN}" y="20" class="d">${escape(title)}</text>
${texts.join("\n")}
</svg>
`;
}

/** Returns the parts of a line, each with its colours at its column. */
function drawLine(line: string, y: number): string[] {
  const texts: string[] = [];
  const active = new Set<string>();
  let column = 0;
  // deno-lint-ignore no-control-regex
  for (const [part] of line.matchAll(/\x1b\[[0-9;]*m|[^\x1b]+/g)) {
    if (part.startsWith("\x1b")) {
      for (const code of part.slice(2, -1).split(";")) {
        for (const ended of ENDS[code || "0"] ?? []) active.delete(ended);
        if (CLASSES[code] !== undefined) active.add(CLASSES[code]);
      }
      continue;
    }
    const classes = active.size === 0 ? "" : ` class="${[...active].join(" ")}"`;
    // Renderers treat several spaces differently, so what they separate is placed by its column.
    for (const { 0: text, index } of part.matchAll(/\S+(?: \S+)*/g)) {
      const x = MARGIN + (column + index) * CHARACTER;
      // The length keeps columns aligned in fonts of another width.
      const length = text.length * CHARACTER;
      texts.push(
        `<text x="${x}" y="${y}" textLength="${length}"${classes}>${escape(text)}</text>`,
      );
    }
    column += part.length;
  }
  return texts;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
