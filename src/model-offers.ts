/** Says which providers a run may use, and makes their models. */
import type { ModelOffer } from "./agent/choose.ts";
import type { AdapterOptions } from "./agent/llm/adapter.ts";
import { createMessagesModel } from "./agent/llm/anthropic/messages.ts";
import type { Model } from "./agent/llm/model.ts";
import { DEFAULT_MODELS, modelFacts } from "./agent/llm/models.ts";
import { createChatModel } from "./agent/llm/openai/chat.ts";
import { createResponsesModel } from "./agent/llm/openai/responses.ts";
import type { Settings } from "./env.ts";
import type { Credentials, ModelKeys } from "./run/host/run-record.ts";

type Provider = Model["provider"];

/** OpenAI first. `fetch` must allow the providers' addresses; nothing is sent before a model is asked. */
export function modelOffers(
  settings: Settings,
  credentials: Credentials,
  keys: ModelKeys,
  fetch: AdapterOptions["fetch"],
): readonly ModelOffer[] {
  const { openai, anthropic } = settings.models;
  const lent = credentials.withoutServiceModels !== true;

  const offer = (
    provider: Provider,
    baseUrl: string,
    own: string | undefined,
    services: string | undefined,
    create: (options: AdapterOptions) => Model,
  ): ModelOffer => {
    const apiKey = own ?? (lent ? services : undefined);
    return {
      provider,
      defaultModel: defaultModel(settings, provider),
      missing: missing(provider, services !== undefined && !lent),
      create:
        apiKey === undefined
          ? undefined
          : (model) =>
              create({
                apiKey,
                baseUrl,
                model,
                fetch,
                facts: modelFacts(provider, model, settings.models.overrides),
                idleTimeoutMs: settings.models.idleTimeoutSeconds * 1000,
                answerTimeoutMs: settings.models.answerTimeoutSeconds * 1000,
              }),
    };
  };

  return [
    offer(
      "openai",
      openai.baseUrl,
      keys.openai,
      credentials.openaiApiKey ?? settings.openaiApiKey,
      openai.style === "chat" ? createChatModel : createResponsesModel,
    ),
    offer(
      "anthropic",
      anthropic.baseUrl,
      keys.anthropic,
      credentials.anthropicApiKey ?? settings.anthropicApiKey,
      createMessagesModel,
    ),
  ];
}

const HEADERS: Readonly<Record<Provider, string>> = {
  openai: "X-OpenAI-Api-Key",
  anthropic: "X-Anthropic-Api-Key",
};

function missing(provider: Provider, kept: boolean): string {
  const why = kept
    ? `lends its key for ${provider} to callers with an API token only`
    : `has no key for ${provider}`;
  return `The service ${why}; send one of your own in the header '${HEADERS[provider]}'.`;
}

/** The operator's choice belongs to the provider it was made for. */
function defaultModel({ defaults }: Settings, provider: Provider): string {
  const chosen = defaults.llm_provider === provider ? defaults.llm_model : undefined;
  return chosen ?? DEFAULT_MODELS[provider];
}
