/** Types of what lib/markdown.js uses, written by hand. */

export interface Token {
  type: string;
  nesting: -1 | 0 | 1;
  content: string;
  info: string;
  markup: string;
  /** First line, and the line after the last one; of blocks only. */
  map: [number, number] | null;
  children: Token[] | null;
}

export interface Env {
  depth: number;
}

export interface StateBlock {
  src: string;
  env: Env;
  tokens: Token[];
  line: number;
  blkIndent: number;
  bMarks: number[];
  tShift: number[];
  sCount: number[];
  getLines(from: number, to: number, indent: number, keepLastLF: boolean): string;
}

export interface StateInline {
  src: string;
  md: MarkdownIt;
  pos: number;
  posMax: number;
  pending: string;
  tokens: Token[];
  linkLevel: number;
  delimiters: {
    marker: number;
    length: number;
    token: number;
    end: number;
    open: boolean;
    close: boolean;
  }[];
  push(type: string, tag: string, nesting: -1 | 0 | 1): Token;
}

export type BlockRule = (state: StateBlock, from: number, to: number, silent: boolean) => boolean;
export type InlineRule = (state: StateInline, silent: boolean) => boolean;

interface Ruler<Rule> {
  at(name: string, rule: Rule, options?: { alt: string[] }): void;
  push(name: string, rule: Rule, options?: { alt: string[] }): void;
}

export default class MarkdownIt {
  constructor(preset: "zero", options: { maxNesting: number });
  block: { ruler: Ruler<BlockRule> };
  inline: { ruler: Ruler<InlineRule>; tokenize(state: StateInline): void };
  enable(rules: string[]): this;
  parse(text: string, env: Env): Token[];
}

export const backtick: InlineRule;
export const blockquote: BlockRule;
export const fence: BlockRule;
export const list: BlockRule;
export const paragraph: BlockRule;
