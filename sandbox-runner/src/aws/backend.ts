/** Sandboxes on AWS Lambda: a function runs each command, the runner keeps the files in between. */
import { LambdaClient } from "@aws-sdk/client-lambda";
import type { Backend, BackendSandbox, CreateOptions } from "../backend.ts";
import { RunnerError } from "../errors.ts";
import { type CommonSettings, SetUpError } from "../settings.ts";
import { createAgents } from "./connections.ts";
import { MAX_COMMAND_SECONDS, MAX_RESPONSE_CONTENT_BYTES } from "./limits.ts";
import { createSandbox } from "./sandbox.ts";

export interface LambdaSettings extends CommonSettings {
  /** Where the function is; from AWS's own variables and files when left out. */
  readonly region: string | undefined;
  /** Its name or ARN, with an alias or version or without. */
  readonly functionName: string | undefined;
  /** In place of AWS's own. */
  readonly endpoint: string | undefined;
}

const CONNECT_MS = 5_000;
/** All of a check, and its command with the wait for its turn: whoever asks for a check waits 15 seconds. */
const CHECK_MS = 60_000;
const CHECK_COMMAND_MS = 10_000;
/** Always the same, as each tenant costs a cold start. No sandbox has it: their ids are random. */
const CHECK_TENANT = "health-check";

/** Throws SetUpError. Credentials come from where AWS's SDK looks for them: environment, files, roles. */
export async function createLambdaBackend(settings: LambdaSettings): Promise<Backend> {
  const { region, functionName, endpoint, archive, limits: given } = settings;
  if (functionName === undefined)
    throw new SetUpError("SANDBOX_BACKENDS names 'aws', so LAMBDA_FUNCTION must name the function.");
  if (given.output_bytes > MAX_RESPONSE_CONTENT_BYTES / 2)
    throw new SetUpError(
      `OUTPUT_LIMIT_BYTES must be at most ${MAX_RESPONSE_CONTENT_BYTES / 2} with the aws backend: AWS Lambda limits what it streams back.`,
    );
  const limits = { ...given, timeout_seconds: Math.min(given.timeout_seconds, MAX_COMMAND_SECONDS) };
  const client = new LambdaClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // A command is never started twice: only this backend knows what has not begun.
    maxAttempts: 1,
    requestHandler: { connectionTimeout: CONNECT_MS, ...createAgents() },
  });
  await client.config.region().catch(() => {
    client.destroy();
    throw new SetUpError("SANDBOX_BACKENDS names 'aws', so AWS_REGION must name the function's region.");
  });
  const sandboxes = new Set<BackendSandbox>();

  const create = async ({ id, expiresAt }: CreateOptions): Promise<BackendSandbox> => {
    const sandbox = await createSandbox(
      { client, functionName, tenant: id },
      { limits, archive, pids: settings.pidsLimit, openFiles: settings.openFilesLimit },
      expiresAt,
    );
    sandboxes.add(sandbox);
    void sandbox.ended.then(() => sandboxes.delete(sandbox));
    return sandbox;
  };

  return {
    provider: "aws",
    limits,
    // The template gives the function a network without a way out.
    network: "none",
    create,
    async check(signal) {
      const sandbox = await create({ id: CHECK_TENANT, expiresAt: Date.now() + CHECK_MS });
      try {
        const run = sandbox.exec({ command: "true", timeoutMs: CHECK_COMMAND_MS, network: false }, signal);
        let step = await run.next();
        while (step.done !== true) step = await run.next();
        if (step.value.exitCode !== 0)
          throw new RunnerError("provider_unavailable", "The Lambda function could not run a command.");
      } finally {
        await sandbox.destroy();
      }
    },
    async close() {
      await Promise.all([...sandboxes].map((sandbox) => sandbox.destroy()));
      client.destroy();
    },
  };
}
