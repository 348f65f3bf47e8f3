/** The port every tool implements: a schema, then a run, then an outcome that goes back to the model. */
import type { z } from "zod";
import type { Workspace } from "../../workspace/workspace.ts";
import type { CommandRunner, OutputEvent } from "../agent.ts";

export interface ToolContext {
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  readonly isProtected: (path: string) => boolean;
  readonly commands?: CommandRunner;
}

/** What a call came to. An error is a result like any other: it says what to do instead. */
export interface ToolOutcome {
  readonly status: "ok" | "error";
  /** For the model; bounded, and says what was cut. */
  readonly text: string;
  /** For people: one sentence. */
  readonly message: string;
  /** The paths that were read or changed, for what applies to them (AGENTS.md). */
  readonly paths?: readonly string[];
  /** Whether the repository was changed; tools that do nothing else need not say so. */
  readonly edited?: boolean;
  /** Set by the tool that ends the work. */
  readonly finished?: { readonly title: string; readonly summary: string };
}

export interface Tool<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** What it does and when to use it, for the model. */
  readonly description: string;
  readonly schema: S;
  /**
   * Carries out a call whose arguments fit the schema. Throws ServiceError for what the workspace refuses,
   * which becomes an outcome like any other.
   */
  run(
    input: z.infer<S>,
    context: ToolContext,
  ): Promise<ToolOutcome> | AsyncGenerator<OutputEvent, ToolOutcome>;
}
