/** Rule: add error handling to Python, JavaScript and TypeScript functions. */
import { createCursor } from "./cursor.ts";
import { addErrorHandling } from "./error-handling/run.ts";
import { readErrorHandling } from "./error-handling/target.ts";
import type { Rule } from "./rule.ts";

/** `Add error handling`, `add try/catch to src/a.js`. */
export const addErrorHandlingRule: Rule = {
  name: "add_error_handling",
  examples: [
    "Add error handling",
    "Add error handling to the main function",
    "Add error handling to parse_config in app.py",
    "Add try/catch to src/a.js",
  ],
  plan(instruction) {
    const target = readErrorHandling(createCursor(instruction.tokens));
    return target === undefined
      ? undefined
      : { kind: "ready", run: (task) => addErrorHandling(task, target) };
  },
};
