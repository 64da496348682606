import { useCallback, useMemo, useState } from "react";

export interface Selection {
  /** Whether a click selects instead of opening. */
  on: boolean;
  ids: ReadonlySet<string>;
  start: () => void;
  stop: () => void;
  toggle: (id: string) => void;
  set: (ids: readonly string[]) => void;
}

/** Which posts are selected. Selecting one begins it; leaving it forgets them all. */
export function useSelection(): Selection {
  const [on, setOn] = useState(false);
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const start = useCallback(() => setOn(true), []);
  const stop = useCallback(() => {
    setOn(false);
    setIds(new Set());
  }, []);
  const toggle = useCallback((id: string) => {
    setOn(true);
    setIds((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const set = useCallback((all: readonly string[]) => setIds(new Set(all)), []);
  return useMemo(() => ({ on, ids, start, stop, toggle, set }), [on, ids, start, stop, toggle, set]);
}
