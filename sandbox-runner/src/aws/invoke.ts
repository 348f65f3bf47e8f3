/** One invocation of the Lambda function through AWS's SDK: an event in, the function's bytes out as they come. */
import { InvokeWithResponseStreamCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { RunnerError } from "../errors.ts";
import { explainAwsError, FunctionError } from "./explain.ts";
import type { Invocation } from "./invocation.ts";
import { LAMBDA_REQUEST_BYTES } from "./limits.ts";

export interface InvokeOptions {
  readonly client: LambdaClient;
  readonly functionName: string;
  /** Lambda shares an environment among the commands of one tenant, and with nobody else. */
  readonly tenant: string;
}

const errorDetails = z.object({ errorType: z.string().optional(), errorMessage: z.string().optional() });

/**
 * Throws RunnerError for what AWS refuses, FunctionError when the function failed, and the signal's reason when it
 * aborts. Lambda cannot be told to end an invocation: one that is left goes on to its own timeout, unheard.
 */
export async function* invoke(
  { client, functionName, tenant }: InvokeOptions,
  invocation: Invocation,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const payload = Buffer.from(JSON.stringify(invocation));
  if (payload.byteLength > LAMBDA_REQUEST_BYTES) {
    throw new RunnerError(
      "payload_too_large",
      `The command and the sandbox's files have ${payload.byteLength} bytes, and AWS Lambda takes ${LAMBDA_REQUEST_BYTES}.`,
    );
  }
  const request = new InvokeWithResponseStreamCommand({
    FunctionName: functionName,
    TenantId: tenant,
    Payload: payload,
  });
  let answered = false;
  /** Closes the connection: the SDK leaves it open when its answer is left. */
  const leaving = new AbortController();
  const abortSignal = AbortSignal.any([signal, leaving.signal]);
  try {
    const { EventStream: events } = await client.send(request, { abortSignal });
    answered = true;
    for await (const { PayloadChunk: chunk, InvokeComplete: complete } of untilAborted(
      events ?? none(),
      signal,
    )) {
      if (chunk?.Payload !== undefined) yield chunk.Payload;
      if (complete === undefined) continue;
      if (complete.ErrorCode !== undefined) throw functionError(complete.ErrorCode, complete.ErrorDetails);
      return;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FunctionError) throw error;
    throw answered ? cutShort(error) : explainAwsError(error);
  } finally {
    leaving.abort();
  }
  throw cutShort();
}

function cutShort(cause?: unknown): RunnerError {
  return new RunnerError("provider_unavailable", "AWS Lambda's answer was cut short.", { cause });
}

async function* none(): AsyncGenerator<never, void> {}

function functionError(code: string, details: string | undefined): FunctionError {
  let parsed: z.infer<typeof errorDetails> = {};
  try {
    parsed = errorDetails.parse(JSON.parse(details ?? "{}"));
  } catch {
    // In Lambda's own words, then.
  }
  return new FunctionError(parsed.errorType ?? code, parsed.errorMessage ?? details ?? "");
}

/** Leaves a stream that is waiting for its next item, too. */
async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      next.catch(() => {});
      const result = await Promise.race([next, aborted.promise]);
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    // Not awaited: it settles with what is being waited for.
    iterator.return?.().catch(() => {});
  }
}
