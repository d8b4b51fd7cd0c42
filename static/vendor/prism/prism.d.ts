/** Types of what lib/highlight.js uses, written by hand. */

export interface Token {
  type: string;
  alias?: string | string[];
  content: string | Token | (string | Token)[];
}

declare const grammar: unique symbol;

export interface Grammar {
  readonly [grammar]: true;
}

export const languages: Record<string, Grammar | undefined>;
export function tokenize(code: string, grammar: Grammar): (string | Token)[];
