/** All tools in the order models are told of them, and how they are told. */
import * as z from "zod";
import type { ToolSpec } from "../model.ts";
import type { Tool } from "../tool.ts";
import { deleteFileTool } from "./delete-file.ts";
import { editFileTool } from "./edit-file.ts";
import { finishTool } from "./finish.ts";
import { listFilesTool } from "./list-files.ts";
import { moveFileTool } from "./move-file.ts";
import { readFileTool } from "./read-file.ts";
import { runCommandTool } from "./run-command.ts";
import { searchFilesTool } from "./search-files.ts";
import { writeFileTool } from "./write-file.ts";

/** The tools of a run; `commands` says whether it has a sandbox. */
export function createTools({ commands }: { readonly commands: boolean }): readonly Tool[] {
  return [
    listFilesTool,
    readFileTool,
    searchFilesTool,
    editFileTool,
    writeFileTool,
    deleteFileTool,
    moveFileTool,
    ...(commands ? [runCommandTool] : []),
    finishTool,
  ];
}

/** The same tools give the same text, byte for byte: vendors cache it. */
export function toolSpecs(tools: readonly Tool[]): readonly ToolSpec[] {
  return tools.map(({ name, description, schema }) => {
    const { $schema: _, ...parameters } = z.toJSONSchema(schema, { override: dropLargest });
    return { name, description, parameters };
  });
}

/** Every whole number is bounded by what JavaScript can hold, which says nothing to a model. */
function dropLargest({ jsonSchema }: { jsonSchema: { maximum?: number } }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
