/** What `GET /` tells about the service: enough to send a first request without other documentation. */
import {
  CONFIG_FIELDS,
  codeFields,
  EVENTS_PARAMETERS,
  HEADERS,
  PAGE_PARAMETERS,
  promptFields,
} from "./about-fields.ts";
import type { RunDefaults } from "./config.ts";
import { ENDPOINTS } from "./endpoints.ts";

/** The body of `GET /`. `serverUrl` is where repositories live. */
export function about(version: string, serverUrl: string, defaults: RunDefaults) {
  return {
    name: "Tiny Backspace",
    service: "tiny-backspace-enhanced",
    version,
    description: "Send a repository URL and a prompt, get a pull request, watch every step stream by.",
    features: [
      "Streams every step of a run as Server-Sent Events, to any number of readers, from any event on",
      "Runs outlive their connections, and the process that drives them: each goes on from its last checkpoint",
      "Finds the run of a retried request by its Idempotency-Key, and takes further instructions for a finished one",
      "Shows a run to the credential that started it, and to nobody else",
      "Edits repositories in memory: no checkout, no shell",
      "Works with models of OpenAI and Anthropic, on the service's keys or the caller's own, within a budget of turns, tokens and money",
      "Works without a language model: a deterministic, rule-based agent",
      "Says which agent did the work and why, also when it was another than the one asked for",
      "Runs the repository's own checks on the change in a sandbox, where there is a runner, and lets models repair what fails",
      "Opens pull requests, pushes branches or returns patches",
      "Reports the health of its components, and keeps configuration that is changed at run time",
    ],
    endpoints: ENDPOINTS,
    headers: HEADERS,
    fields: {
      "POST /code": codeFields(serverUrl, defaults),
      "POST /code/legacy": codeFields(serverUrl, defaults).filter((field) => field.required),
      "GET /runs": PAGE_PARAMETERS,
      "GET /runs/:id/events": EVENTS_PARAMETERS,
      "POST /runs/:id/prompt": promptFields(serverUrl, defaults),
      "POST /config": CONFIG_FIELDS,
    },
  };
}
