import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { dicomEditLanguage } from './dicomEdit';

interface Properties {
  label: string;
  value: string;
  onChange: (text: string) => void;
  /** What the server said of the script, with line and column where it names them. */
  problem?: string;
  readOnly?: boolean;
}

const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? '';

const look = EditorView.theme({
  '&': { border: '1px solid var(--mantine-color-default-border)', borderRadius: 'var(--mantine-radius-md)', fontSize: '13px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', minHeight: '260px', maxHeight: '55vh', overflow: 'auto' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--mantine-color-dimmed)', border: 'none' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
});

/** An editor for DicomEdit scripts; a problem is marked where it is. */
export function ScriptEditor({ label, value, onChange, problem, readOnly = false }: Properties) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const changed = useRef(onChange);
  changed.current = onChange;

  useEffect(() => {
    const editor = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(nonce), lineNumbers(), history(), drawSelection(), keymap.of([...defaultKeymap, ...historyKeymap]), dicomEditLanguage, look, EditorView.lineWrapping,
          EditorState.readOnly.of(readOnly), EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.updateListener.of((update) => update.docChanged && changed.current(update.state.doc.toString())),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
    // The text that comes later is put in below; the editor itself is made once.
  }, [label, readOnly]);

  useEffect(() => {
    const editor = view.current!;
    if (editor.state.doc.toString() !== value) editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current!;
    const diagnostics: Diagnostic[] = [];
    const [, line, column] = /line (\d+), column (\d+)/i.exec(problem ?? '') ?? [];
    if (line && Number(line) <= editor.state.doc.lines) {
      const inLine = editor.state.doc.line(Number(line));
      const from = Math.min(inLine.from + Math.max(Number(column) - 1, 0), inLine.to);
      diagnostics.push({ from, to: inLine.to, severity: 'error', message: problem! });
      editor.dispatch({ effects: EditorView.scrollIntoView(from, { y: 'center' }) });
    }
    editor.dispatch(setDiagnostics(editor.state, diagnostics));
  }, [problem]);

  return <div ref={place} />;
}
