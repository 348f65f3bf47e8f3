/** The one check for secrets in anything that left a run. */
import { CANARIES, FORMS, type Form, inForm, squeeze } from "./canaries.ts";

/** Everything that left a run, but for the credentials where they belong. */
export interface Traces {
  /** What the model server was sent. */
  readonly requests: readonly { readonly headers: string; readonly body: string }[];
  /** The run's events. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** What the service answered when it was asked about the run, by path. */
  readonly answers: Readonly<Record<string, string>>;
  /** Every new object of the repository by name, and every branch. */
  readonly pushed: Readonly<Record<string, string>>;
  readonly pulls: readonly { readonly title: string; readonly body: string | null }[];
  readonly operatorLog: string;
  /** What the host keeps on its disk. */
  readonly store: string;
}

export interface Excuse {
  /** Sinks, by how their names begin; every one when absent. */
  readonly sinks?: readonly string[];
  /** Forms the repository had in the open; every one when absent. */
  readonly forms?: readonly Form[];
  /** Only pieces of a secret were in the open: the whole of it is a leak all the same. */
  readonly pieces?: true;
}

/** Signs in a row of a form. Fewer are of no use to anybody, and may be words that people put into tokens. */
const PIECE = 18;

interface Needle {
  readonly canary: string;
  readonly form: Form;
  readonly whole: string;
  readonly pieces: readonly string[];
}

const NEEDLES: readonly Needle[] = Object.entries(CANARIES).flatMap(([canary, secret]) =>
  FORMS.map((form) => {
    const whole = inForm(secret, form);
    const count = whole.length - PIECE + 1;
    const pieces = Array.from({ length: count }, (_, at) => whole.slice(at, at + PIECE));
    return { canary, form, whole, pieces };
  }),
);

/** Ten times as fast as looking for one after the other. */
const ANY = new RegExp(NEEDLES.flatMap(({ pieces }) => pieces).join("|"));

/** Sentences: which secret, or a piece of 18 signs or more, is where, and in which form. Empty when all is well. */
export function leaksIn(traces: Traces, excuses: readonly Excuse[] = []): readonly string[] {
  return sinksOf(traces).flatMap(([sink, text]) => {
    const own = excuses.filter(
      ({ sinks }) => sinks === undefined || sinks.some((start) => sink.startsWith(start)),
    );
    const texts = readings(text).filter((reading) => ANY.test(reading));
    if (texts.length === 0) return [];
    const found = new Map<string, string>();
    for (const needle of NEEDLES) {
      const { canary, form } = needle;
      const hit = found.has(canary) ? undefined : hitOf(needle, texts, own);
      if (hit !== undefined) found.set(canary, `${canary}, ${form}, is in ${sink}: …${hit}…`);
    }
    return [...found.values()];
  });
}

function sinksOf(traces: Traces): readonly (readonly [sink: string, text: string])[] {
  const { requests, events, answers, pushed, pulls, operatorLog, store } = traces;
  return [
    ...requests.flatMap(({ headers, body }, at): [string, string][] => [
      [`the headers of request ${at}`, headers],
      [`the body of request ${at}`, body],
    ]),
    ["the events", JSON.stringify(events)],
    ...spokenIn(events).map((text, at): [string, string] => [`the words of the events (${at})`, text]),
    ...Object.entries(answers).map(([path, text]): [string, string] => [`the answer of ${path}`, text]),
    ...Object.entries(pushed).map(([name, text]): [string, string] => [`pushed ${name}`, text]),
    ...pulls.flatMap(({ title, body }, at): [string, string][] => [
      [`the title of pull request ${at}`, title],
      [`the body of pull request ${at}`, body ?? ""],
    ]),
    ["the operator's log", operatorLog],
    ["the store", store],
  ];
}

/** Words and output that come in pieces, joined as readers join them: as long as nothing else is between. */
function spokenIn(events: Traces["events"]): readonly string[] {
  const texts: string[] = [];
  let before: unknown;
  for (const { type, stream, delta, data } of events) {
    const channel = type === "text" || type === "output" ? `${type} ${stream}` : undefined;
    const piece = String(delta ?? data ?? "");
    if (channel !== undefined && channel === before) texts.push(`${texts.pop()}${piece}`);
    else if (channel !== undefined) texts.push(piece);
    before = channel;
  }
  return texts;
}

/** A text as it is, and with what it has of escapes taken for what they stand for. */
function readings(text: string): readonly string[] {
  const code = (digits: string, base: number): string =>
    String.fromCodePoint(Math.min(Number.parseInt(digits, base), 0xffff));
  const plain = text
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => code(hex, 16))
    .replace(/\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi, (_, four: string, two: string) => code(four ?? two, 16))
    .replace(/&#x([0-9a-f]{1,4});/gi, (_, hex: string) => code(hex, 16))
    .replace(/&#(\d{1,5});/g, (_, decimal: string) => code(decimal, 10));
  return plain === text ? [squeeze(text)] : [squeeze(text), squeeze(plain)];
}

/** What is around a secret, or a piece of it, in squeezed texts; undefined where there is none, or it is excused. */
function hitOf(
  { form, whole, pieces }: Needle,
  texts: readonly string[],
  excuses: readonly Excuse[],
): string | undefined {
  const excused = excuses.filter(({ forms }) => forms === undefined || forms.includes(form));
  if (excused.some((excuse) => excuse.pieces === undefined)) return undefined;
  const wanted = excused.length > 0 ? [whole] : pieces;
  for (const text of texts) {
    for (const piece of wanted) {
      const at = text.indexOf(piece);
      if (at >= 0) return text.slice(Math.max(0, at - 20), at + 40);
    }
  }
  return undefined;
}
