/** The beginning and the end of what a command prints, in bounded memory however much that is. */
const HEAD_CHARACTERS = 6_000;
const TAIL_CHARACTERS = 14_000;

export interface OutputWindow {
  push(data: string): void;
  /** What was printed, with a note where something is missing. */
  text(): string;
}

export function createOutputWindow(): OutputWindow {
  let head = "";
  let tail = "";
  let total = 0;
  return {
    push(data) {
      total += data.length;
      const room = HEAD_CHARACTERS - head.length;
      head += data.slice(0, room);
      tail += data.slice(room);
      // Cut seldom: a cut copies the tail.
      if (tail.length > 2 * TAIL_CHARACTERS) tail = tail.slice(-TAIL_CHARACTERS);
    },
    text() {
      if (total === 0) return "It printed nothing.";
      const end = tail.slice(-TAIL_CHARACTERS);
      const left = total - head.length - end.length;
      if (left === 0) return `Output:\n${plain(head + end)}`;
      const note = `(${left.toLocaleString("en-US")} characters of output are not shown)`;
      return `Output:\n${plain(head)}\n${note}\n${plain(end)}`;
    },
  };
}

/** Without colours and cursor movements (ECMA-48 control sequences). */
function plain(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC begins a control sequence
  return output.replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, "");
}
