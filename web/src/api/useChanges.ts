import { useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect } from 'react';

/** Reads a query anew whenever the server says that its topic has changed. The browser opens the stream again by itself when it breaks. */
export function useChanges(topic: string, queryKey: QueryKey) {
  const client = useQueryClient();
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    const events = new EventSource(`/xapi/vesalius/changes?topics=${topic}`);
    events.onmessage = () => void client.invalidateQueries({ queryKey: JSON.parse(key) as QueryKey });
    return () => events.close();
  }, [client, topic, key]);
}
