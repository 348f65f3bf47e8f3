/** The conformance suite on Cloudflare's runtime: a Durable Object for each run. */
import { conformance } from "./suite.ts";

conformance("workerd");
