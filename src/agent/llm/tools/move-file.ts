/** Tool: a file or folder gets another path, as it is. */
import * as z from "zod";
import { count } from "../../rules/wording.ts";
import type { Tool } from "../tool.ts";
import { done, filesAt, OUTCOME_PATHS, protectedNote, refused } from "./outcome.ts";
import { cleanFolder, cleanPath, explainMissing, isFolder, quotePath } from "./paths.ts";

const schema = z.strictObject({
  from: z.string().describe("The path, from the repository's root, of the file or folder."),
  to: z.string().describe("Its whole new path, the name included. Nothing may be there yet."),
});

/** `move_file {from, to}` */
export const moveFileTool: Tool<typeof schema> = {
  name: "move_file",
  description: "Moves or renames a file or a folder without changing what is in it.",
  schema,
  async run({ from: givenFrom, to: givenTo }, context) {
    const { workspace } = context;
    const from = cleanFolder(givenFrom);
    const to = cleanPath(givenTo);
    const files = from === "" ? [] : await filesAt(workspace, from);
    const [first] = files;
    if (first === undefined) {
      return refused(
        from === "" ? "Name a file or a folder to move." : await explainMissing(workspace, from, true),
      );
    }
    const name = from.slice(from.lastIndexOf("/") + 1);
    const into = to.endsWith("/") || to === "." ? cleanFolder(to) : to;
    if (into !== to || (to !== from && (await isFolder(workspace, to)))) {
      const whole = into === "" ? name : `${into}/${name}`;
      return refused(
        `${quotePath(to)} is a folder. Give the whole new path, the name included: ${quotePath(whole)}.`,
      );
    }
    await workspace.move(from, to);
    const moved = files.map((path) => to + path.slice(from.length));
    const what =
      first === from ? quotePath(from) : `the folder ${quotePath(from)} with ${count(files.length, "file")}`;
    const message = `Moved ${what} to ${quotePath(to)}.`;
    const paths = [...files.slice(0, OUTCOME_PATHS / 2), ...moved.slice(0, OUTCOME_PATHS / 2)];
    return done({ message, text: message + protectedNote(context, [...files, ...moved]), paths });
  },
};
