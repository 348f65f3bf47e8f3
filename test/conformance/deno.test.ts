/** The conformance suite on Deno: one process and one SQLite file. */
import { conformance } from "./suite.ts";

conformance("deno");
