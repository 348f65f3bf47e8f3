/** How a model's work ends, in the words that go into the commit and the pull request. */
import type { AgentOutcome } from "../agent.ts";
import type { Session } from "./session.ts";
import type { ToolOutcome } from "./tool.ts";

const LONGEST_TITLE = 72;
const MOST_LINES = 20;
const LONGEST_WORDS = 300;

/** The work is done as far as the model says. */
export function edited({ title, summary }: NonNullable<ToolOutcome["finished"]>): AgentOutcome {
  return { status: "edited", title, summary: linesOf(summary) };
}

/** Stopped for a reason, a sentence, that is not the model's own; the edits so far stay. */
export function incomplete({ messages, task }: Session, reason: string): AgentOutcome {
  const words = messages.findLast((message) => message.role === "assistant" && message.text.trim() !== "");
  const last = words?.role === "assistant" ? words.text : "";
  return {
    status: "incomplete",
    title: titleOf(task.prompt),
    summary: ["Unfinished work on what was asked."],
    reason,
    missing: [
      "The model had not said that it was done.",
      ...(last === "" ? [] : [`Its last words were: ${cut(oneLine(last), LONGEST_WORDS)}`]),
    ],
  };
}

/** No model is left to repair what a check found. */
export function givenUp(reason: string): AgentOutcome {
  return { status: "incomplete", title: "", summary: [], reason, missing: [] };
}

/** The model changed nothing, and what it said instead. */
export function nothing(words: string): AgentOutcome {
  const said = cut(oneLine(words), LONGEST_WORDS);
  const reason = said === "" ? "The model changed nothing." : `The model changed nothing. It said: ${said}`;
  return { status: "no_changes", reason, understood: [] };
}

/** The model stopped calling tools without saying that it was done; its words stand for a summary. */
export function endedInWords(prompt: string, words: string): AgentOutcome {
  return { status: "edited", title: titleOf(prompt), summary: linesOf(words) };
}

/** For work whose title nobody gave: the first line of what was asked. */
export function titleOf(prompt: string): string {
  return cut(oneLine(prompt.split("\n", 1)[0] ?? ""), LONGEST_TITLE);
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.replace(/^\s*[-*•]\s+/, "").trim());
  return lines.filter((line) => line !== "").slice(0, MOST_LINES);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function cut(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .toWellFormed()
        .trimEnd()}…`;
}
