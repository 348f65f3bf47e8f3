/** Every route there is, and what is said to requests that miss them. */
import { ServiceError } from "../errors.ts";

export interface Endpoint {
  readonly method: "GET" | "POST" | "DELETE";
  /** `:id` stands for the id of a run. */
  readonly path: string;
  readonly description: string;
}

export const ENDPOINTS: readonly Endpoint[] = [
  {
    method: "POST",
    path: "/code",
    description:
      "Turns a repository URL and a prompt into a pull request; streams every step as Server-Sent Events, or answers 202 with the run when JSON is preferred.",
  },
  {
    method: "POST",
    path: "/code/legacy",
    description:
      "The original endpoint: repoUrl and prompt only, with the rule-based agent, which has no use for model keys.",
  },
  {
    method: "GET",
    path: "/runs",
    description: "The caller's runs, newest first; limit (1 to 100) and cursor page through them.",
  },
  { method: "GET", path: "/runs/:id", description: "How a run is doing, or how it ended." },
  {
    method: "DELETE",
    path: "/runs/:id",
    description: "Cancels a run and shows it; one that has ended stays as it is.",
  },
  {
    method: "GET",
    path: "/runs/:id/events",
    description:
      "A run's events behind Last-Event-ID (or ?after=) as Server-Sent Events, live until it ends; 204 when there are no more.",
  },
  {
    method: "GET",
    path: "/runs/:id/patch",
    description: "The change as a patch that git apply takes; 204 when nothing changed.",
  },
  {
    method: "POST",
    path: "/runs/:id/prompt",
    description:
      "Another instruction for a finished run: a new run adds a commit to the same branch and pull request.",
  },
  { method: "GET", path: "/health", description: "Says which components work right now." },
  { method: "GET", path: "/", description: "This page." },
  {
    method: "GET",
    path: "/config",
    description: "What is configured, and where each value comes from; secrets are shown as set or unset.",
  },
  {
    method: "POST",
    path: "/config",
    description:
      "Changes the configuration of later runs and shows what is in effect; an empty object changes nothing.",
  },
];

/** Every path once, in the notation of Hono's router. */
export const PATHS: readonly string[] = [...new Set(ENDPOINTS.map((endpoint) => endpoint.path))];

/** What `Allow` says for one of PATHS. */
export function allowedMethods(path: string): readonly string[] {
  return ENDPOINTS.filter((endpoint) => endpoint.path === path).flatMap(({ method }) =>
    method === "GET" ? ["GET", "HEAD"] : [method],
  );
}

/** A request for one of PATHS with a method it does not have. */
export function wrongMethod(path: string): ServiceError {
  const allow = allowedMethods(path);
  const names = allow.length === 1 ? allow : [allow.slice(0, -1).join(", "), ...allow.slice(-1)];
  return new ServiceError("method_not_allowed", `${path} takes ${names.join(" and ")} only.`);
}

/** A request for a path that does not exist; names the nearest thing that does. */
export function noRoute(requested: string): ServiceError {
  const path = requested.length > 1 ? requested.replace(/\/+$/, "") : requested;
  const near = ENDPOINTS.find((endpoint) => matches(endpoint.path, path));
  const routes = ENDPOINTS.map((endpoint) => `${endpoint.method} ${endpoint.path}`).join(", ");
  return new ServiceError(
    "not_found",
    near === undefined
      ? `There is nothing here; the service has ${routes}.`
      : `There is nothing here; did you mean ${near.method} ${near.path}?`,
  );
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  return (
    wanted.length === parts.length &&
    wanted.every((part, index) => part === parts[index] || (part === ":id" && parts[index] !== ""))
  );
}
