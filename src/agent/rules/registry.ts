/** The one list of rules. The first that claims an instruction gets it. */
import { addErrorHandlingRule } from "./add-error-handling.ts";
import { addGitignoreRule } from "./add-gitignore.ts";
import { createAddLicenseRule } from "./add-license.ts";
import { addReadmeRule } from "./add-readme.ts";
import { createFileRule } from "./create-file.ts";
import { deletePathRule } from "./delete-path.ts";
import { movePathRule } from "./move-path.ts";
import { replaceTextRule } from "./replace-text.ts";
import type { Rule } from "./rule.ts";

/** Every rule, in the order they are asked. `now` gives licenses their year. */
export function createRules(now: () => Date): readonly Rule[] {
  return [
    addErrorHandlingRule,
    addReadmeRule,
    addGitignoreRule,
    createAddLicenseRule(now),
    createFileRule,
    replaceTextRule,
    deletePathRule,
    movePathRule,
  ];
}
