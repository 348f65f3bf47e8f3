/** Carries out one call of a model between its `started` and its `ok` or `error` event; whatever is wrong with it is a result. */
import { type ErrorCode, ServiceError } from "../../../errors.ts";
import type { OutputEvent, ToolEvent } from "../../agent.ts";
import { oneLine } from "../../rules/wording.ts";
import type { ToolCall } from "../model.ts";
import type { Tool, ToolContext, ToolOutcome } from "../tool.ts";
import { parseArguments, validate } from "./arguments.ts";
import { eventInput, eventName, eventOutput } from "./event-input.ts";
import { clip } from "./lines.ts";
import { meantTool } from "./meant-tool.ts";
import { refused } from "./outcome.ts";
import { quotePath } from "./paths.ts";
import { startedMessage } from "./started-message.ts";

/** What no tool goes over by much; holds whatever a tool does. */
const OUTCOME_CHARACTERS = 40_000;
const MESSAGE_CHARACTERS = 300;

/**
 * Yields the `started` event, what a command prints, and the `ok` or `error` event; returns the outcome.
 * `now` is in milliseconds. Throws once the signal aborts, and for defects.
 */
export async function* carryOut(
  call: ToolCall,
  tools: readonly Tool[],
  context: ToolContext,
  now: () => number,
): AsyncGenerator<ToolEvent | OutputEvent, ToolOutcome> {
  context.signal.throwIfAborted();
  const parsed = parseArguments(call.arguments);
  const tool = tools.find(({ name }) => name === call.name);
  const name = eventName(call.name);
  const input = eventInput(call, parsed);
  const started = now();
  yield { type: "tool", message: startedMessage(name, input), name, input, status: "started" };
  const outcome = bounded(
    tool === undefined
      ? unknownTool(call.name, tools)
      : parsed.ok
        ? yield* runTool(tool, parsed.value, context)
        : refused(parsed.problem),
  );
  context.signal.throwIfAborted();
  yield {
    type: "tool",
    message: outcome.message,
    name,
    input,
    status: outcome.status,
    output: eventOutput(outcome.text),
    duration_ms: Math.max(0, now() - started),
  };
  return outcome;
}

async function* runTool(
  tool: Tool,
  value: Readonly<Record<string, unknown>>,
  context: ToolContext,
): AsyncGenerator<OutputEvent, ToolOutcome> {
  const validated = validate(tool, value);
  if (!validated.ok) return refused(validated.problem, `The arguments do not fit ${tool.name}.`);
  try {
    const running = tool.run(validated.input, context);
    return Symbol.asyncIterator in running ? yield* running : await running;
  } catch (error) {
    // A rate limit of the git server is the run's to wait for.
    if (!(error instanceof ServiceError) || error.retryAt !== undefined) throw error;
    return refused(`${error.message}${hintFor(error.code)}`, error.message);
  }
}

/** What the workspace's own sentence leaves open. */
function hintFor(code: ErrorCode): string {
  switch (code) {
    case "path_refused":
      return " Paths are relative to the repository's root, with / between folders.";
    case "invalid_pattern":
      return " Regular expressions are RE2's: no lookaround and no backreferences.";
    case "too_much_to_read":
    case "file_not_found":
    case "file_exists":
    case "not_a_file":
    case "not_text":
    case "object_too_large":
    case "edit_too_large":
      return "";
    default:
      return " This is not about the arguments: try once more, or go on without it.";
  }
}

function unknownTool(name: string, tools: readonly Tool[]): ToolOutcome {
  const names = tools.map((tool) => tool.name);
  const near = meantTool(name, names);
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  return refused(`There is no tool ${quotePath(name)}.${hint} The tools are ${names.join(", ")}.`);
}

function bounded(outcome: ToolOutcome): ToolOutcome {
  const { text } = outcome;
  const cut =
    text.length <= OUTCOME_CHARACTERS
      ? text
      : `${clip(text, OUTCOME_CHARACTERS)}\n(cut: this has ${text.length.toLocaleString("en-US")} characters)`;
  return {
    ...outcome,
    text: cut.toWellFormed(),
    message: oneLine(outcome.message.toWellFormed(), MESSAGE_CHARACTERS),
  };
}
