/** What the runner and its Lambda function say to each other: one JSON event in, frames out. */
import * as z from "zod";
import { changesSchema, EXEC_ENDINGS } from "../../../src/sandbox/wire.ts";
import { RunnerError } from "../errors.ts";
import { LAMBDA_REQUEST_BYTES } from "./limits.ts";

const count = z.number().int().positive();

/** The event. A function of another version refuses it. */
export const invocationSchema = z.strictObject({
  version: z.literal(1),
  /** The workspace's files: base64 of a gzipped tar. */
  files: z.base64().max(LAMBDA_REQUEST_BYTES),
  command: z.string(),
  timeoutMs: count,
  /** Bytes of output that are sent; past them the command goes on, or is ended when it does not stop writing. */
  outputBytes: count,
  /** For what goes in, and for changed files on their way out. */
  archive: z.strictObject({ files: count, fileBytes: count, totalBytes: count }),
  /** For what comes out. */
  changedBytes: count,
  pids: count,
  openFiles: count,
});
export type Invocation = z.infer<typeof invocationSchema>;

/**
 * A frame is its kind, the length of its data as four big-endian bytes, and the data. Output comes first; then one
 * `manifest`, the changed files' tar as `files`, and `end`, without which the answer was cut short. An `error` stands for
 * the rest, or for all but the end: then the command ended so, and what it changed could not be collected.
 */
export const FRAMES = { stdout: 1, stderr: 2, manifest: 3, files: 4, end: 5, error: 6 } as const;
export type FrameKind = keyof typeof FRAMES;

export const FRAME_HEADER_BYTES = 5;

/** Of `manifest`: names of many files. */
export const MAX_FRAME_BYTES = 8_388_608;

export const manifestSchema = changesSchema;

export const endSchema = z.strictObject({
  ending: z.enum(EXEC_ENDINGS),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
});

export const errorSchema = z.strictObject({
  code: z.enum(["payload_too_large", "provider_unavailable", "internal"]),
  message: z.string(),
});

export interface Frame {
  readonly kind: FrameKind;
  readonly data: Uint8Array;
}

/** Throws RunnerError when the data is not what it should be. */
export function parseFrame<T>(schema: z.ZodType<T>, data: Uint8Array): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(data)));
  } catch (cause) {
    throw new RunnerError("provider_unavailable", "The Lambda function's answer cannot be read.", { cause });
  }
}

export function encodeFrame(kind: FrameKind, data: Uint8Array | string): Uint8Array {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bytes.byteLength);
  const view = new DataView(frame.buffer);
  view.setUint8(0, FRAMES[kind]);
  view.setUint32(1, bytes.byteLength);
  frame.set(bytes, FRAME_HEADER_BYTES);
  return frame;
}
