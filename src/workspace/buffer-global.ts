/** isomorphic-git expects Node's Buffer as a global; workerd and browsers get the `buffer` package's. */
import { Buffer } from "buffer/index.js";

const scope = globalThis as { Buffer?: unknown };
scope.Buffer ??= Buffer;
