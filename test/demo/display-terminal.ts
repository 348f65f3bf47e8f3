/** The display for people: one frame redrawn in place while the run goes on, then what came of it. */
import { columnsOf, wrap } from "./columns.ts";
import type { Display } from "./display.ts";
import { endingLines } from "./ending-lines.ts";
import { frame, SPINNER_MS } from "./frame.ts";
import { type Line, paint } from "./line.ts";
import { printableLine } from "./printable.ts";
import { type Action, newView, reduce, type View } from "./view.ts";

interface Screen {
  /** Gets a whole frame at a time, so that none is seen half drawn. */
  write(text: string): void;
  /** Undefined or 0 when the terminal does not say. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
}

export interface TerminalOptions {
  readonly screen: Screen;
  readonly colours: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** DECTCEM, CUU, ED and EL (ECMA-48 and DEC VT220): all of what moves the cursor here. */
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const ERASE_BELOW = "\x1b[J";
const ERASE_RIGHT = "\x1b[K";

/** Wider, and the durations at the right edge are too far from what they belong to. */
const WIDEST = 100;

/** A frame follows an event within this time, however fast events come. */
const FRAME_MS = 16;

export function createTerminalDisplay({ screen, colours, now }: TerminalOptions): Display {
  let view: View = newView({ repository: "", prompt: "" });
  /** The frame on the screen, unpainted. */
  let drawn: readonly Line[] = [];
  let spinning: NodeJS.Timeout | undefined;
  let due: NodeJS.Timeout | undefined;
  let state: "new" | "live" | "closed" = "new";

  // The last column stays empty: some terminals wrap as soon as it is written.
  const columns = () => Math.min(WIDEST, Math.max(20, (screen.columns || 80) - 1));

  /** Moves to the first line of the frame, also when a narrower window has wrapped its lines. */
  const backToTop = () => {
    const width = screen.columns || 80;
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOfLine(line) / width)), 0);
    return rows === 0 ? "\r" : `\r\x1b[${rows}A`;
  };

  const draw = (rows: number) => {
    const lines = frame(view, { columns: columns(), rows, now: now() });
    const text = lines.map((line) => `${paint(line, colours)}${ERASE_RIGHT}\n`).join("");
    screen.write(`${backToTop()}${text}${ERASE_BELOW}`);
    drawn = lines;
  };

  const drawLive = () => {
    // The spinner may have come first: a timer forgotten here would draw over what follows the last frame.
    clearTimeout(due);
    due = undefined;
    draw(Math.max(1, (screen.rows || 24) - 1));
  };

  const update = (action: Action) => {
    view = reduce(view, action);
    if (state === "live") due ??= setTimeout(drawLive, FRAME_MS);
  };

  /** Draws everything there is, once and for good, and gives the cursor back. */
  const settle = () => {
    if (state !== "live") return;
    state = "closed";
    clearInterval(spinning);
    clearTimeout(due);
    draw(Number.POSITIVE_INFINITY);
    screen.write(SHOW_CURSOR);
  };

  return {
    begin: (facts) => {
      view = newView(facts);
      state = "live";
      screen.write(HIDE_CURSOR);
      drawLive();
      spinning = setInterval(drawLive, SPINNER_MS);
    },
    starting: (what) => {
      update({ type: "task_finished", at: now() });
      update({ type: "task_started", what, at: now() });
    },
    started: () => update({ type: "task_finished", at: now() }),
    event: update,
    finish: (ending) => {
      settle();
      const lines = endingLines(view, ending, columns());
      screen.write(lines.map((line) => `${paint(line, colours)}\n`).join(""));
    },
    note: (text) => {
      // From the first column: Ctrl-C has left `^C` there.
      const lines = wrap(printableLine(text), columns()).map((line) => paint([[line, "dim"]], colours));
      screen.write(`\r${lines.join("\n")}${ERASE_RIGHT}\n`);
    },
    close: () => {
      view = reduce(view, { type: "stopped" });
      settle();
    },
  };
}

function columnsOfLine(line: Line): number {
  return line.reduce((sum, [text]) => sum + columnsOf(text), 0);
}
