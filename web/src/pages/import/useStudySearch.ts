import { useCallback, useEffect, useRef, useState } from 'react';
import { searchStudies, type Criteria, type SearchEnd, type Study } from '../../api/dqr';

interface Search {
  studies: Study[];
  /** Not there before the first search, and while one runs. */
  end?: SearchEnd;
  isRunning: boolean;
  error?: unknown;
}

const none: Search = { studies: [], isRunning: false };

/** A search whose results are shown while the PACS still answers; a new one, or leaving the page, ends it. */
export function useStudySearch() {
  const [state, setState] = useState<Search>(none);
  const current = useRef<AbortController>(null);
  useEffect(() => () => current.current?.abort(), []);

  const start = useCallback(async (criteria: Criteria) => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    setState({ studies: [], isRunning: true });
    const isCurrent = () => current.current === controller && !controller.signal.aborted;
    try {
      const end = await searchStudies(criteria, controller.signal, (more) => isCurrent() && setState((s) => ({ ...s, studies: [...s.studies, ...more] })));
      if (isCurrent()) setState((s) => ({ ...s, isRunning: false, end }));
    } catch (error) {
      if (isCurrent()) setState((s) => ({ ...s, isRunning: false, error }));
    }
  }, []);

  const stop = useCallback(() => {
    current.current?.abort();
    setState((s) => ({ ...s, isRunning: false, end: { count: s.studies.length, isLimited: false, problem: 'You stopped the search.' } }));
  }, []);
  return { ...state, start, stop };
}
