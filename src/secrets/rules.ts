/** The rules that know what secrets look like: secretlint's recommended ones, without what it takes to run them in its CLI. */
import { rules as recommended } from "@secretlint/secretlint-rule-preset-recommend";

/** The part of secretlint's contract between rules and whoever runs them that is used here. */
interface Rule {
  readonly meta: { readonly id: string };
  create(context: RuleContext, options: object): { file?(source: RuleSource): void | Promise<void> };
}

interface RuleContext {
  readonly sharedOptions: object;
  createTranslator(messages: Messages): (id: string, data?: object) => Translated;
  report(found: { readonly message: Translated; readonly range: readonly [number, number] }): void;
  ignore(): void;
}

interface RuleSource {
  readonly content: string;
  readonly filePath: string;
  readonly ext: string;
  readonly contentType: "text";
}

type Messages = Readonly<Record<string, { en(data: object): string }>>;

interface Translated {
  readonly message: string;
  readonly messageId: string;
  /** What the words are filled in with: the secret, among other things. */
  readonly data: object;
}

/** Something that looks like a secret, and where in a text it stands, in UTF-16 units. */
export interface Hit {
  /** In words: "GitHub Token". */
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

const ID = "@secretlint/secretlint-rule-";

/**
 * Left out: `gcp` opens files of the machine it runs on, and the keys it looks for are private keys, which
 * have a rule of their own; `filter-comments` lets a text switch the other rules off.
 */
const LEFT_OUT = ["gcp", "filter-comments"];

/** `enableIDScanRule` finds AWS's access key ids too, which the rule takes for harmless without their secret. */
const OPTIONS: Readonly<Record<string, object>> = { aws: { enableIDScanRule: true } };

/** An account's number is no secret. */
const NO_SECRETS = ["AWSAccountID"];

const SAMPLE = /(.)\1{7}|example|placeholder|your[-_ ]|^[<{%]/i;
/** Credentials of nobody, or for a machine without a name on the internet. */
const SAMPLE_ADDRESS =
  /:\/\/user(?:name)?:pass(?:word)?@|@(?:[\w-]+|127(?:\.\d+){3}|\[::1\]|(?:[\w-]+\.)*(?:example\.(?:com|net|org)|example|invalid|localhost|test))(?=[:/?"'`\s]|$)/i;

/** What vendors' documentation shows, and templates hold, in place of a secret. By rule; else SAMPLE. */
const SAMPLES: Readonly<Record<string, RegExp>> = {
  // IAM's ids of users, roles and the like begin the same way
  aws: new RegExp(`${SAMPLE.source}|^(?:A3T.|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[A-Z0-9]{16}$`, "i"),
  basicauth: SAMPLE_ADDRESS,
  "database-connection-string": SAMPLE_ADDRESS,
  // keys have long runs of the same letter; the rule looks at how they begin
  privatekey: /(?!)/,
  // Slack's own tokens have digits in them
  slack: new RegExp(`${SAMPLE.source}|^[a-z-]+$`, "i"),
};

const RULES = (recommended as readonly Rule[])
  .filter(({ meta }) => !LEFT_OUT.includes(meta.id.slice(ID.length)))
  .map((rule) => ({ rule, name: rule.meta.id.slice(ID.length) }));

const STOP = new Error("enough was found");

/**
 * Tells every hit in a text; `take` answers whether to go on. Some rules apply to files of one name only.
 * About 8 ms for 1 MB on a two-core machine, and 450 ms for the worst text that was found.
 */
export async function applyRules(text: string, path: string, take: (hit: Hit) => boolean): Promise<void> {
  const source: RuleSource = { content: text, filePath: path, ext: "", contentType: "text" };
  for (const { rule, name } of RULES) {
    const isSample = SAMPLES[name] ?? SAMPLE;
    const context: RuleContext = {
      sharedOptions: {},
      createTranslator,
      ignore() {},
      report({ message, range: [start, end] }) {
        if (NO_SECRETS.includes(message.messageId)) return;
        const found = secretAt(text, start, message.data) ?? { start, end };
        if (isSample.test(text.slice(found.start, found.end))) return;
        if (!take({ kind: message.message, ...found })) throw STOP;
      },
    };
    try {
      await rule.create(context, OPTIONS[name] ?? {}).file?.(source);
    } catch (error) {
      if (error === STOP) return;
      throw error;
    }
  }
}

/** A rule's words for what it found, "found GitHub Token(…): …", without the secret itself. */
function createTranslator(messages: Messages): (id: string, data?: object) => Translated {
  return (messageId, data = {}) => {
    const nothing = Object.fromEntries(Object.keys(data).map((key) => [key, ""]));
    const words = messages[messageId]?.en(nothing) ?? "";
    const message = words.replace(/^found |\(\)|[:\s]+$/g, "");
    return { message, messageId, data };
  };
}

/** Where the secret is: rules that know it by what stands before it report a range that begins there. */
function secretAt(text: string, from: number, data: object): { start: number; end: number } | undefined {
  const values = Object.values(data).filter((value): value is string => typeof value === "string");
  const [longest = ""] = values.toSorted((a, b) => b.length - a.length);
  const start = longest === "" ? -1 : text.indexOf(longest, from);
  return start < 0 ? undefined : { start, end: start + longest.length };
}
