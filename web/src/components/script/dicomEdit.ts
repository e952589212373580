import { HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { tags } from '@lezer/highlight';

/** Colours of DicomEdit: comments, strings, tags, variables, functions. */
const dicomEdit = StreamLanguage.define<null>({
  name: 'dicomedit',
  startState: () => null,
  token(stream) {
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/"(?:[^"\\]|\\.)*"?/)) return 'string';
    if (stream.match(/\([0-9A-Fa-fXx@#]{4}\s*,\s*(?:\{[^}]*\}\s*)?[0-9A-Fa-fXx@#]{2,4}\)/)) return 'atom';
    if (stream.match(/:=|\?=|!=|!~|=|~|\?|-|:/)) return 'operator';
    if (stream.match(/\b(?:if|elseif|else|version|project|subject|session|describe|export)\b/)) return 'keyword';
    if (stream.match(/[A-Za-z_][\w.]*(?=\s*\[)/)) return 'function';
    if (stream.match(/[A-Za-z_]\w*/)) return 'variableName';
    if (stream.match(/\d+(?:\.\d+)?/)) return 'number';
    stream.next();
    return null;
  },
  tokenTable: { function: tags.function(tags.variableName) },
  languageData: { commentTokens: { line: '//' } },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
  { tag: tags.string, color: 'light-dark(color-mix(in srgb, var(--mantine-color-green-9) 75%, black), var(--mantine-color-green-4))' },
  { tag: tags.atom, color: 'light-dark(var(--mantine-color-blue-9), var(--mantine-color-blue-4))' },
  { tag: tags.keyword, color: 'light-dark(var(--mantine-color-grape-9), var(--mantine-color-grape-4))' },
  { tag: tags.function(tags.variableName), color: 'light-dark(color-mix(in srgb, var(--mantine-color-orange-9) 75%, black), var(--mantine-color-orange-4))' },
  { tag: tags.number, color: 'light-dark(color-mix(in srgb, var(--mantine-color-cyan-9) 90%, black), var(--mantine-color-cyan-4))' },
]);

export const dicomEditLanguage = [dicomEdit, syntaxHighlighting(colours)];
