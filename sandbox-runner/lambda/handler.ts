/** The function's entry: runs one command for the sandbox-runner and streams back what came of it. */
import { once } from "node:events";
import process from "node:process";
import type { Writable } from "node:stream";
import { encodeFrame } from "../src/aws/invocation.ts";
import { createProcessGuard } from "./process-guard.ts";
import { runInvocation } from "./run-invocation.ts";

/** Put there by AWS's runtime client. */
declare const awslambda: {
  streamifyResponse<Handler>(handler: Handler): Handler;
};

interface Context {
  getRemainingTimeInMillis(): number;
}

// Before the first command: whatever else runs later is one's.
const guard = createProcessGuard();

export const handler = awslambda.streamifyResponse(
  async (event: unknown, stream: Writable, context: Context): Promise<void> => {
    const clean = await runInvocation(event, {
      guard,
      remainingMs: context.getRemainingTimeInMillis(),
      async send(kind, data) {
        if (!stream.write(encodeFrame(kind, data))) await once(stream, "drain");
      },
    });
    // Lambda then makes a new environment: one that may hold something of a command is not used again.
    if (!clean) process.exit(1);
    stream.end();
  },
);
