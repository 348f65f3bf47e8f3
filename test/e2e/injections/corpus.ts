/** Every hostile repository there is. */
import { PATHS } from "./corpus/paths.ts";
import { SECRETS } from "./corpus/secrets.ts";
import { VOICES } from "./corpus/voices.ts";
import { WORDS } from "./corpus/words.ts";
import type { Hostile } from "./hostile.ts";

export const CORPUS: readonly Hostile[] = [...VOICES, ...SECRETS, ...PATHS, ...WORDS];
