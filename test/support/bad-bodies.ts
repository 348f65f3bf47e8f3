/** Bodies that are no JSON object, and changes of the configuration that no request may make. */
import type { ErrorCode } from "../../src/errors.ts";
import type { Problem } from "../../src/http/problems.ts";
import { type BadRequest, CANARY, JSON_TYPE, refused } from "./bad-request.ts";

/** Bodies that are no JSON object. */
export function bodyRequests(serverUrl: string): BadRequest[] {
  const good = JSON.stringify({ repoUrl: `${serverUrl}/octocat/hello`, prompt: "Fix it" });
  const raw = (
    name: string,
    body: BadRequest["body"],
    message: string,
    status = 400,
    code: ErrorCode = "invalid_request",
    headers: Record<string, string> = JSON_TYPE,
  ): BadRequest => ({ name, path: "/code", headers, body, status, error: { code, message } });
  const unsupported = (name: string, headers: Record<string, string>, message: string) =>
    raw(name, good, message, 415, "unsupported_media_type", headers);
  const needJson = "The body must be JSON: send the header 'Content-Type: application/json'.";
  const whole = (name: string, body: string, what: string): BadRequest => {
    const message = `body must be a JSON object, not ${what}.`;
    return {
      ...raw(name, body, message),
      error: { code: "invalid_request", message, problems: [{ field: "body", message }] },
    };
  };

  return [
    raw("an empty body", "", "The body is empty; send a JSON object."),
    raw("a blank body", " \r\n ", "The body is empty; send a JSON object."),
    raw(
      "JSON with a trailing comma",
      '{\n  "prompt": "x",\n}',
      "The body is not valid JSON at line 3, column 1.",
    ),
    raw("JSON that breaks off", `{"prompt": "${CANARY}`, "The body is not valid JSON at line 1, column 29."),
    raw(
      "JSON in single quotes",
      `{'prompt': '${CANARY}'}`,
      "The body is not valid JSON at line 1, column 2.",
    ),
    raw("two JSON values", "{} {}", "The body is not valid JSON at line 1, column 4."),
    raw("form data", `repoUrl=${CANARY}`, "The body is not valid JSON at line 1, column 1."),
    raw(
      "half a million open brackets",
      "[".repeat(500_000),
      "The body is not valid JSON at line 1, column 500001.",
    ),
    raw(
      "bytes that are not UTF-8",
      new Uint8Array([...new TextEncoder().encode('{"prompt":"'), 0xff, 0x22, 0x7d]),
      "The body is not valid UTF-8 at byte 11.",
    ),
    whole("null", "null", "null"),
    whole("an array", `[${good}]`, "an array"),
    whole("a string", JSON.stringify(good), "a string"),
    whole("a number", "1", "the number 1"),
    whole("half a million brackets", "[".repeat(500_000) + "]".repeat(500_000), "an array"),
    unsupported("plain text", { "content-type": "text/plain" }, needJson),
    unsupported("a form", { "content-type": "application/x-www-form-urlencoded" }, needJson),
    unsupported("a type that begins like JSON", { "content-type": "application/jsonp" }, needJson),
    unsupported(
      "another charset",
      { "content-type": "application/json; charset=utf-16" },
      "The body must be UTF-8: send 'Content-Type: application/json' without another charset.",
    ),
    unsupported(
      "a compressed body",
      { ...JSON_TYPE, "content-encoding": "gzip" },
      "The body must not be compressed: leave 'Content-Encoding' out.",
    ),
    raw(
      "a body of one byte too many",
      `{"prompt":"${"x".repeat(1_048_577 - 13)}"}`,
      "The body is larger than 1048576 bytes; send less.",
      413,
      "payload_too_large",
    ),
  ];
}

/** Changes of the configuration that no request may make. */
export function configRequests(): BadRequest[] {
  const fromEnvironment = "cannot be set by a request: keys and addresses come from the environment only.";
  const config = (name: string, body: unknown, problems: readonly Problem[]): BadRequest => ({
    ...refused(name, body, problems),
    path: "/config",
  });
  return [
    config(
      "a key, a server and a host in the configuration",
      {
        openai_api_key: CANARY,
        github_token: CANARY,
        github_api_url: "http://169.254.169.254/",
        host: "evil.example",
        base_url: "http://127.0.0.1/",
      },
      [
        { field: "openai_api_key", message: `openai_api_key ${fromEnvironment}` },
        { field: "github_token", message: `github_token ${fromEnvironment}` },
        { field: "github_api_url", message: `github_api_url ${fromEnvironment}` },
        { field: "host", message: `host ${fromEnvironment}` },
        { field: "base_url", message: `base_url ${fromEnvironment}` },
      ],
    ),
    config("a slip in the configuration", { default_llm_modle: "gpt-4" }, [
      {
        field: "default_llm_modle",
        message: "default_llm_modle is not a field of this request; did you mean default_llm_model?",
      },
    ]),
    config(
      "bad values in the configuration",
      { default_llm_provider: "gemini", limits: { max_turns: 1_000 } },
      [
        {
          field: "default_llm_provider",
          message: "default_llm_provider must be one of 'rule_based', 'openai', 'anthropic', not 'gemini'.",
        },
        { field: "limits.max_turns", message: "limits.max_turns must be at most 100, not the number 1000." },
      ],
    ),
    config(
      "a list as the configuration",
      [],
      [{ field: "body", message: "body must be a JSON object, not an array." }],
    ),
  ];
}
