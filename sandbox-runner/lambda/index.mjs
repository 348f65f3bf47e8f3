/** AWS's runtime client looks for .js, .mjs and .cjs only. */
export { handler } from "./handler.ts";
