/** What the name of a language model may look like; vendors decide which exist. */
import { z } from "zod";

const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}$/;

export const modelName = z
  .string()
  .regex(MODEL_NAME, "The name of a model has up to 100 letters, digits and . _ : / @ -, such as 'gpt-4'.");
