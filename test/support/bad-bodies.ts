/** Bodies that are no JSON object, and changes and prompts that no request may make. */
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

/** Changes of the configuration that no request may make. `serverUrl` is the only server there is. */
export function configRequests(serverUrl: string): BadRequest[] {
  const fromEnvironment =
    "cannot be set by a request: addresses, and keys other than github_token, openai_api_key and anthropic_api_key, come from the environment only.";
  const host = new URL(serverUrl).host;
  const onlyHost = `allowed_hosts may name '${host}' only: the environment decides which servers there are.`;
  const config = (name: string, body: unknown, problems: readonly Problem[]): BadRequest => ({
    ...refused(name, body, problems),
    path: "/config",
  });
  const fixed = (name: string, value: unknown) =>
    config(`${name} in the configuration`, { [name]: value }, [
      { field: name, message: `${name} ${fromEnvironment}` },
    ]);
  const elsewhere = (value: string) =>
    config(`the host ${value} in the configuration`, { allowed_hosts: [value] }, [
      { field: "allowed_hosts.0", message: onlyHost },
    ]);
  const key = (name: string) =>
    `${name} must be the key alone: 16 to 512 printable ASCII characters without spaces; null takes it back.`;

  return [
    fixed("github_api_url", "http://169.254.169.254/"),
    fixed("github_server_url", "https://evil.example"),
    fixed("openai_base_url", "http://127.0.0.1/"),
    fixed("anthropic_base_url", "https://evil.example"),
    fixed("openai_api_style", "chat"),
    fixed("lend_model_keys", "everyone"),
    fixed("base_url", "file:///etc/passwd"),
    fixed("endpoint", "http://metadata.google.internal/"),
    fixed("host", "evil.example"),
    fixed("cors_origins", "https://evil.example"),
    fixed("api_tokens", CANARY),
    fixed("admin_token", CANARY),
    fixed("aws_secret_access_key", CANARY),
    elsewhere("169.254.169.254"),
    elsewhere("http://169.254.169.254"),
    elsewhere(`${host}.evil.example`),
    elsewhere(`evil.example@${host}`),
    elsewhere("localhost"),
    elsewhere("*"),
    elsewhere(""),
    config("a host beside the allowed one", { allowed_hosts: [host, "metadata.google.internal"] }, [
      { field: "allowed_hosts.1", message: onlyHost },
    ]),
    config("hosts that are no list", { allowed_hosts: host }, [
      { field: "allowed_hosts", message: "allowed_hosts must be an array, not a string." },
    ]),
    config("keys that are none", { github_token: "short", openai_api_key: `${CANARY} ${CANARY}` }, [
      { field: "github_token", message: key("github_token") },
      { field: "openai_api_key", message: key("openai_api_key") },
    ]),
    config("a key of another type", { anthropic_api_key: [CANARY] }, [
      { field: "anthropic_api_key", message: "anthropic_api_key must be a string, not an array." },
    ]),
    config("a __proto__ in the configuration", JSON.parse('{"__proto__":{"max_runs":1}}'), [
      {
        field: "__proto__",
        message:
          "__proto__ is not a field of this request; the fields are default_llm_provider, default_llm_model, default_sandbox_provider, limits, allowed_hosts, max_runs, max_runs_per_caller, github_token, openai_api_key, anthropic_api_key.",
      },
    ]),
    config("a slip in the configuration", { default_llm_modle: "gpt-4" }, [
      {
        field: "default_llm_modle",
        message: "default_llm_modle is not a field of this request; did you mean default_llm_model?",
      },
    ]),
    config(
      "bad values in the configuration",
      { default_llm_provider: "gemini", limits: { max_turns: 1_000 }, max_runs: 0, max_runs_per_caller: 1.5 },
      [
        {
          field: "default_llm_provider",
          message: "default_llm_provider must be one of 'rule_based', 'openai', 'anthropic', not 'gemini'.",
        },
        { field: "limits.max_turns", message: "limits.max_turns must be at most 100, not the number 1000." },
        { field: "max_runs", message: "max_runs must be at least 1, not the number 0." },
        {
          field: "max_runs_per_caller",
          message: "max_runs_per_caller must be a whole number, not the number 1.5.",
        },
      ],
    ),
    config(
      "a list as the configuration",
      [],
      [{ field: "body", message: "body must be a JSON object, not an array." }],
    ),
  ];
}

/** Bodies that no other prompt for a run may have. */
export function promptRequests(): BadRequest[] {
  const prompt = (name: string, body: unknown, problems: readonly Problem[]): BadRequest => ({
    ...refused(`${name} for another prompt`, body, problems),
    path: "/runs/00000000-0000-4000-8000-000000000001/prompt",
  });
  const fixed = (field: string, value: unknown) =>
    prompt(field, { prompt: "Fix it", [field]: value }, [
      { field, message: `${field} cannot change from one prompt to the next of a run.` },
    ]);
  return [
    fixed("repoUrl", "https://github.com/octocat/other"),
    fixed("base_branch", "main"),
    fixed("draft", true),
    fixed("mode", "patch"),
    prompt("no prompt", {}, [{ field: "prompt", message: "prompt is required: a string." }]),
    prompt("a blank prompt", { prompt: " " }, [
      { field: "prompt", message: "prompt is empty; say what to change." },
    ]),
    prompt(
      "bad fields",
      { prompt: "Fix it", allow_workflows: "yes", limits: { timeout_seconds: 0 }, use_lm: 1 },
      [
        { field: "allow_workflows", message: "allow_workflows must be true or false, not a string." },
        {
          field: "limits.timeout_seconds",
          message: "limits.timeout_seconds must be at least 1, not the number 0.",
        },
        { field: "use_lm", message: "use_lm is not a field of this request; did you mean use_llm?" },
      ],
    ),
  ];
}
