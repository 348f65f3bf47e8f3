/** What AWS Lambda lets through, and what is left of it for files (Lambda quotas, "Invocation payload"). */

/** Of one request, in bytes. */
export const LAMBDA_REQUEST_BYTES = 6_291_456;
/** Of one streamed response, in bytes, as accounts have it unless they ask for more. */
export const LAMBDA_RESPONSE_BYTES = 20_971_520;
/** The longest an invocation may take. */
export const LAMBDA_TIMEOUT_SECONDS = 900;

/** For unpacking before a command, and collecting what it changed after it. */
const AROUND_COMMAND_SECONDS = 60;
export const MAX_COMMAND_SECONDS = LAMBDA_TIMEOUT_SECONDS - AROUND_COMMAND_SECONDS;

/** A command of 10,000 characters, each of them escaped in JSON, and the other fields. */
const ENVELOPE_BYTES = 65_536;
/** Of the packed files of a sandbox: base64 makes four bytes of three. */
export const MAX_PACKED_BYTES = Math.floor((LAMBDA_REQUEST_BYTES - ENVELOPE_BYTES) / 4) * 3;

/** Frames around what is streamed back, the list of changed files, and tar headers of some thousands of them. */
const FRAMING_BYTES = 4_194_304;
/** Of output and changed files together. */
export const MAX_RESPONSE_CONTENT_BYTES = LAMBDA_RESPONSE_BYTES - FRAMING_BYTES;
