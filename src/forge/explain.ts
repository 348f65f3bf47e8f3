/** Says in one place what each of GitHub's refusals means and what a person can do about it. */
import { type ErrorCode, ServiceError } from "../errors.ts";
import { fullNameOf } from "./answers.ts";
import type { Failure, HeaderFields, StatusFailure } from "./failure.ts";
import type { RepoRef } from "./forge.ts";
import { singleLine } from "./markdown.ts";

export interface ExplainOptions {
  readonly serverUrl: string;
  readonly authenticated: boolean;
  /** Takes the token out of a text. */
  readonly redact: (text: string) => string;
}

/** What was being done: an infinitive phrase such as `read "octo/hello"`, and to which repository. */
export interface Attempted {
  readonly doing: string;
  readonly ref: RepoRef;
}

export type Explain = (failure: Failure, attempted: Attempted) => ServiceError;

/** Makes the function that turns a failure into the error a user sees. */
export function createExplain(options: ExplainOptions): Explain {
  const settings = `${options.serverUrl}/settings/tokens`;

  const quoted = (text: string, max = 160): string => singleLine(options.redact(text), max);

  const unauthorised = ({ ref }: Attempted): string =>
    options.authenticated
      ? `The GitHub token (X-GitHub-Token of the request, else GITHUB_TOKEN of the service) is not valid or has ` +
        `expired: create one at ${settings} with access to "${fullNameOf(ref)}".`
      : `"${fullNameOf(ref)}" cannot be reached without a token: create one at ${settings}, and send it in ` +
        "X-GitHub-Token or set GITHUB_TOKEN.";

  const missing = ({ doing, ref }: Attempted): string =>
    options.authenticated
      ? `Could not ${doing}: "${fullNameOf(ref)}" was not found, or this token can't see it. Check the spelling, or ` +
        `grant the token access at ${settings}.`
      : `Could not ${doing}: "${fullNameOf(ref)}" was not found, or it is private. Check the spelling, or send ` +
        "a token that can see it in X-GitHub-Token, or set GITHUB_TOKEN to one.";

  const forbidden = (failure: StatusFailure, attempted: Attempted): [ErrorCode, string] => {
    const { headers, message } = failure;
    const { doing, ref } = attempted;
    const could = `Could not ${doing}:`;
    const sso = headers["x-github-sso"] ?? "";
    if (sso !== "") {
      const organisation = /\/(?:orgs|enterprises)\/([\w.-]+)\/sso/.exec(sso)?.[1] ?? ref.owner;
      return [
        "permission_denied",
        `${could} "${organisation}" requires single sign-on (SSO). Open ${settings}, choose "Configure SSO" for ` +
          `this token and authorise it for "${organisation}".`,
      ];
    }
    if (/ip allow list/i.test(message)) {
      return [
        "permission_denied",
        `${could} "${ref.owner}" has an IP allow list that this service's address is not on. Ask an owner of ` +
          `"${ref.owner}" to add it, or run the service from an allowed address.`,
      ];
    }
    if (/archived/i.test(message)) {
      return [
        "repository_archived",
        `${could} "${fullNameOf(ref)}" is archived and so read-only. Unarchive it in its settings first.`,
      ];
    }
    if (/repository access blocked|access to this repository has been disabled/i.test(message)) {
      return ["permission_denied", `${could} GitHub has blocked access to "${fullNameOf(ref)}".`];
    }
    if (/no git content/i.test(message)) {
      return ["repository_empty", `${could} "${fullNameOf(ref)}" is empty. Push a first commit to it.`];
    }
    if (/forking is disabled/i.test(message)) {
      return [
        "fork_refused",
        `${could} "${fullNameOf(ref)}" does not allow forks, and this token may not push to it. Ask its owner for ` +
          "write access.",
      ];
    }
    if (!options.authenticated) {
      return [
        "permission_denied",
        `${could} this needs a token. Create one at ${settings}, and send it in X-GitHub-Token or set GITHUB_TOKEN.`,
      ];
    }
    return ["permission_denied", `${could} this token may not. ${neededAccess(headers, settings)}`];
  };

  const rejected = (failure: StatusFailure, { doing }: Attempted): string => {
    const problems = failure.details
      .map((detail) => problemOf(detail.field, detail.code, quoted(detail.message)))
      .filter((problem) => problem !== "")
      .slice(0, 3);
    const said = problems.length > 0 ? problems.join("; ") : quoted(failure.message);
    return `Could not ${doing}: GitHub rejected the request${said === "" ? "" : ` (${said})`}. ${adviceFor(said)}`;
  };

  return (failure, attempted) => {
    if (failure.kind === "service") {
      return failure.error;
    }
    const { status } = failure;
    const could = `Could not ${attempted.doing}:`;
    const error = (code: ErrorCode, message: string, retryable = false): ServiceError =>
      new ServiceError(code, message, { retryable, cause: trace(failure) });
    if (status >= 500) {
      return error(
        "forge_unavailable",
        `${could} GitHub answered ${status}. Try again in a few minutes.`,
        true,
      );
    }
    switch (status) {
      case 401:
        return error("invalid_token", unauthorised(attempted));
      case 403:
        return error(...forbidden(failure, attempted));
      case 404:
        return error("repository_not_found", missing(attempted));
      case 409: {
        const said = quoted(failure.message);
        return error(
          "forge_conflict",
          `${could} it conflicts with the repository's state${said === "" ? "" : ` (${said})`}. ` +
            "Resolve the conflict on GitHub, then try again.",
        );
      }
      case 451:
        return error(
          "permission_denied",
          `${could} "${fullNameOf(attempted.ref)}" is unavailable for legal reasons, such as a DMCA takedown. ` +
            "Use another repository.",
        );
      default:
        return error("forge_rejected", rejected(failure, attempted));
    }
  };
}

/** For logs on the operator's side: GitHub's support finds a request by this id. */
function trace({ status, headers }: StatusFailure): Error {
  const id = headers["x-github-request-id"] ?? "";
  return new Error(`HTTP ${status}${/^[\w:.-]{1,100}$/.test(id) ? `, request ${id}` : ""}`);
}

/** Which permission the refused request asks for, as GitHub's headers say. */
function neededAccess(headers: HeaderFields, settings: string): string {
  const permissions = headers["x-accepted-github-permissions"] ?? "";
  if (/^[a-z_=,; ]{1,200}$/.test(permissions)) {
    const needed = permissions
      .split(";")
      .map((set) => set.trim().replaceAll("=", ": ").replaceAll(/, ?/g, ", "))
      .join(" or ");
    return `It needs the permission ${needed}: edit it at ${settings}.`;
  }
  const scopes = headers["x-accepted-oauth-scopes"] ?? "";
  if (/^[a-z_:, ]{1,200}$/.test(scopes)) {
    return `It needs one of the scopes ${scopes}: edit it at ${settings}.`;
  }
  return `Give it write access to contents and pull requests at ${settings}.`;
}

/** One entry of an `errors` array in words; `message` is already safe to show. */
function problemOf(field: string, code: string, message: string): string {
  if (message !== "") {
    return message;
  }
  const name = /^[\w.]{1,40}$/.test(field) ? field : "a field";
  switch (code) {
    case "missing":
    case "missing_field":
      return `${name} is missing`;
    case "already_exists":
      return `${name} is already taken`;
    case "invalid":
      return `${name} is not valid`;
    default:
      return "";
  }
}

function adviceFor(said: string): string {
  if (/no commits between/i.test(said)) {
    return "The branch has nothing that its base lacks: start again from the base branch.";
  }
  if (/\b(?:head|base) is (?:not valid|missing)/.test(said)) {
    return "Check that the branches still exist.";
  }
  return "Correct it and try again.";
}
