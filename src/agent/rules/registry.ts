/** The one list of rules. The first that claims an instruction gets it. */
import { addErrorHandlingRule } from "./add-error-handling.ts";
import { createFileRule } from "./create-file.ts";
import { deletePathRule } from "./delete-path.ts";
import { movePathRule } from "./move-path.ts";
import { replaceTextRule } from "./replace-text.ts";
import type { Rule } from "./rule.ts";

/** Every rule, in the order they are asked. `now` gives licenses their year. */
export function createRules(_now: () => Date): readonly Rule[] {
  return [addErrorHandlingRule, createFileRule, replaceTextRule, deletePathRule, movePathRule];
}
