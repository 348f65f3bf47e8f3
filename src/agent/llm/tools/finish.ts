/** Tool: the work is done; what it is called and what it was. */
import * as z from "zod";
import { oneLine } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { clip } from "./lines.ts";
import { refused } from "./outcome.ts";

const TITLE_CHARACTERS = 120;
const SUMMARY_CHARACTERS = 20_000;

const schema = z.strictObject({
  title: z
    .string()
    .describe("The title of the pull request: one line in the imperative, of at most 72 characters."),
  summary: z
    .string()
    .describe("What was changed and why, for the pull request; also what was not done and what is doubtful."),
});

/** `finish {title, summary}` */
export const finishTool: Tool<typeof schema> = {
  name: "finish",
  description: "Ends the work. Call it once, when everything that was asked for is done or cannot be done.",
  schema,
  async run({ title: given, summary }) {
    const title = oneLine(given.toWellFormed(), TITLE_CHARACTERS);
    if (title === "") return refused("title is empty. Say in one line what the change does.");
    const message = `Finished: ${title}`;
    const finished = { title, summary: clip(summary.trim().toWellFormed(), SUMMARY_CHARACTERS) };
    return { status: "ok", text: "The work is finished.", message, finished };
  },
};
