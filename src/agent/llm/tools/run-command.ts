/** Tool: a shell command in the sandbox; its output streams to readers, its beginning and end go to the model. */
import * as z from "zod";
import type { CommandResult, OutputEvent } from "../../agent.ts";
import { quote } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { refused } from "./outcome.ts";
import { createOutputWindow, type OutputWindow } from "./output-window.ts";
import { quotePath } from "./paths.ts";

const COMMAND_CHARACTERS = 10_000;
/** Changed files that are named. */
const MOST_NAMED = 20;

const schema = z.strictObject({
  command: z.string().describe("A line for the shell, run in the repository's root."),
});

/**
 * `run_command {command}`. A command that fails is a result like any other, with its exit code: the tool
 * did what it was asked to, and the status stays `ok`.
 */
export const runCommandTool: Tool<typeof schema> = {
  name: "run_command",
  description:
    "Runs a shell command in a sandbox with the repository's files as they are now, and shows its output and exit code. Files it changes are changed in the repository, but for those that git ignores. Use it to run tests and builds.",
  schema,
  async *run({ command }, { commands, signal }) {
    if (commands === undefined) return refused("There is no sandbox to run commands in.");
    if (command.trim() === "") return refused("command is empty. Give a line for the shell.");
    if (command.length > COMMAND_CHARACTERS) {
      return refused(`command has ${command.length} characters; at most ${COMMAND_CHARACTERS} are taken.`);
    }
    const window = createOutputWindow();
    const result = yield* watched(commands.run(command, signal), window);
    const how = howItEnded(result);
    const text = [how, ...(result.notes ?? []), ...whatChanged(result), window.text()].join(" ");
    const edited = (result.changed ?? []).length > 0 ? { edited: true } : {};
    return { status: "ok", text, message: `${quote(command)}: ${how}`, ...edited };
  },
};

/** All that a command yields, on its way into the window. */
async function* watched(
  running: AsyncGenerator<OutputEvent, CommandResult>,
  window: OutputWindow,
): AsyncGenerator<OutputEvent, CommandResult> {
  try {
    for (;;) {
      const next = await running.next();
      if (next.done === true) return next.value;
      window.push(next.value.data);
      yield next.value;
    }
  } finally {
    // Ends the command when nobody waits for it any longer; nothing where it has ended.
    await running.return({ exitCode: null });
  }
}

/** The files are edits of the workspace now, which the model did not make. */
function whatChanged({ changed = [] }: CommandResult): readonly string[] {
  if (changed.length === 0) return [];
  const shown = changed.slice(0, MOST_NAMED).map((path) => quotePath(path));
  const more = changed.length > shown.length ? ` and ${changed.length - shown.length} more` : "";
  return [`It changed ${shown.join(", ")}${more} in the repository.`];
}

function howItEnded({ exitCode, ended }: CommandResult): string {
  const code = exitCode === null ? "no exit code" : `exit code ${exitCode}`;
  if (ended !== undefined) return `The command ${ended}; ${code}.`;
  return exitCode === null ? "A signal ended the command; no exit code." : `The command ended with ${code}.`;
}
