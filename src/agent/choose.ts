/** Picks the agent for a request and says why, for the events and the pull request. */
import type { Agent, AgentName, FallbackEvent } from "./agent.ts";
import type { Model } from "./llm/model.ts";

/** One agent or model that another one took over from. */
export type Fallback = Pick<FallbackEvent, "from" | "to" | "reason">;

export interface AgentChoice {
  readonly agent: Agent;
  /** A sentence. */
  readonly reason: string;
  /** From the agent that was asked for to this one, in order; empty when it is the same. */
  readonly fallbacks: readonly Fallback[];
}

export interface AgentWish {
  readonly use_llm: boolean;
  /** `rule_based` together with `use_llm` means any provider. */
  readonly llm_provider: AgentName;
  readonly llm_model: string | undefined;
}

/** A provider as this run may use it. */
export interface ModelOffer {
  readonly provider: Model["provider"];
  /** The model of this name; undefined when there is no key to use. */
  readonly create: ((name: string) => Model) | undefined;
  /** For requests that name no model, or one of another provider. */
  readonly defaultModel: string;
  /** A sentence: why there is no key. */
  readonly missing: string;
}

export interface Candidates {
  readonly rules: Agent;
  /** In the order in which they are tried when a request asks for any. */
  readonly offers: readonly ModelOffer[];
  /** An agent of these models, the first of them at work, and the rules for when none is left. */
  readonly withModels: (models: readonly Model[]) => Agent;
}

/** The asked-for agent with the others behind it; without a key the next in line, and the rules last. */
export function chooseAgent({ rules, offers, withModels }: Candidates, wish: AgentWish): AgentChoice {
  if (!wish.use_llm) {
    const reason =
      "The request did not ask for a language model (use_llm is false), so fixed rules did the work.";
    return { agent: rules, reason, fallbacks: [] };
  }
  const asked = offers.find(({ provider }) => provider === wish.llm_provider);
  const line = asked === undefined ? offers : [asked, ...offers.filter((offer) => offer !== asked)];
  const usable = line.filter(({ create }) => create !== undefined);
  const [favourite] = asked === undefined ? usable : line;
  const models = usable.flatMap((offer) => {
    const name = offer === favourite ? wish.llm_model : undefined;
    return offer.create?.(name ?? offer.defaultModel) ?? [];
  });
  const agent = withModels(models);
  const who = agent.model === undefined ? "fixed rules" : `${agent.name} (${agent.model})`;
  const wanted = asked === undefined ? "a language model" : asked.provider;
  if (favourite !== undefined && favourite === usable[0]) {
    return { agent, reason: `The request asked for ${wanted}, so ${who} did the work.`, fallbacks: [] };
  }
  // The rules stand in for everyone; another model only for the one that was asked for.
  const passedOver = models.length === 0 ? line : line.slice(0, 1);
  const why = passedOver.map(({ missing }) => missing).join(" ");
  const reason = `The request asked for ${wanted}. ${why} So ${who} did the work.`;
  const from = { name: asked?.provider ?? line[0]?.provider ?? agent.name };
  const to = { name: agent.name, ...(agent.model === undefined ? {} : { model: agent.model }) };
  return { agent, reason, fallbacks: [{ from, to, reason: why }] };
}
