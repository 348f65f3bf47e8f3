/** The conformance suite on Node.js: one process and one SQLite file. */
import { conformance } from "./suite.ts";

conformance("node");
