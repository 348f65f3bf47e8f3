/** Writes what checking a change came to, for the pull request. */
import { cut, fence, inlineCode, neutralise, singleLine } from "./markdown.ts";
import { line, list, MAX_ITEM, MAX_ITEMS, pathCode, plain } from "./shown.ts";

/** What checking the change came to. */
export interface BodyVerification {
  readonly status: "passed" | "failed" | "not_verified";
  /** A sentence. */
  readonly message: string;
  /** The rest is there when a command ran. */
  readonly command?: string | undefined;
  readonly exit_code?: number | null | undefined;
  readonly duration_ms?: number | undefined;
  /** The end of what it printed. */
  readonly output?: string;
  /** Sentences about what else there is to know. */
  readonly notes?: readonly string[];
  /** Files that commands changed, which are part of the change. */
  readonly changed?: readonly string[];
}

/** Characters. */
const MAX_MESSAGE = 800;
const MAX_SCRIPT = 800;
const MAX_OUTPUT = 3000;
const MAX_SHORT_LIST = 2000;

/** Paragraphs. */
export function evidence(verification: BodyVerification): string[] {
  const { status, message, command, exit_code, duration_ms, output, notes, changed } = verification;
  // On one line, what follows a comment would be part of it.
  const isScript = command?.trim().includes("\n") === true;
  const notRun = status === "not_verified";
  const exit = exit_code === null ? "none" : exit_code;
  return [
    notRun ? `Not verified. ${line(message, MAX_MESSAGE)}` : line(message, MAX_MESSAGE),
    command === undefined
      ? ""
      : [
          `- Command: ${isScript ? "the script below" : inlineCode(neutralise(singleLine(command, MAX_ITEM)))}`,
          `- Exit code: ${exit}`,
          ...(duration_ms === undefined ? [] : [`- Duration: ${(duration_ms / 1000).toFixed(1)} s`]),
        ].join("\n"),
    isScript ? fence(neutralise(cut(command.trim(), MAX_SCRIPT)), "sh") : "",
    list(notes ?? [], MAX_ITEMS, "lines", plain, MAX_SHORT_LIST),
    output === undefined || output.trim() === ""
      ? ""
      : `The last lines that were printed:\n\n${fence(neutralise(cut(output, MAX_OUTPUT)), "text")}`,
    changed === undefined || changed.length === 0
      ? ""
      : `The command changed these files, too:\n\n${list(changed, MAX_ITEMS, "files", pathCode, MAX_SHORT_LIST)}`,
  ];
}
