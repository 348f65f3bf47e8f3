/** Tool: a file, or a folder with all that is in it, goes. */
import * as z from "zod";
import { count } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { done, filesAt, OUTCOME_PATHS, protectedNote, refused } from "./outcome.ts";
import { cleanFolder, explainMissing, quotePath } from "./paths.ts";

const schema = z.strictObject({
  path: z
    .string()
    .describe("The path, from the repository's root, of a file, or of a folder with all in it."),
});

/** `delete_file {path}` */
export const deleteFileTool: Tool<typeof schema> = {
  name: "delete_file",
  description: "Deletes a file, a link, or a folder with everything in it.",
  schema,
  async run({ path: given }, context) {
    const path = cleanFolder(given);
    if (path === "") return refused("Name a file or a folder: the repository as a whole is not deleted.");
    const files = await filesAt(context.workspace, path);
    const [first] = files;
    if (first === undefined) return refused(await explainMissing(context.workspace, path, true));
    await context.workspace.delete(path);
    const what =
      first === path ? quotePath(path) : `the folder ${quotePath(path)} with ${count(files.length, "file")}`;
    const message = `Deleted ${what}.`;
    return done({
      message,
      text: message + protectedNote(context, files),
      paths: files.slice(0, OUTCOME_PATHS),
    });
  },
};
