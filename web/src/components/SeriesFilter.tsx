import { Alert, Button, Code, Group, Radio, Stack, Switch, Text, Textarea } from '@mantine/core';
import { useState } from 'react';

/** Which series are let in. */
export interface Filter {
  enabled: boolean;
  mode: 'blacklist' | 'whitelist';
  list: string;
}

interface Properties {
  stored: Filter;
  error?: Error | null;
  isSaving: boolean;
  onSave: (filter: Filter) => void;
}

const example = 'dose report\npatient protocol\n[Modality]\n^(SR|OT)$';

/** The rule that decides which series are let in (R7). */
export function SeriesFilter({ stored, error, isSaving, onSave }: Properties) {
  const [changed, setChanged] = useState<Partial<Filter>>({});
  const filter = { ...stored, ...changed };
  const isChanged = (Object.keys(changed) as (keyof Filter)[]).some((key) => changed[key] !== stored[key]);
  return (
    <Stack maw={720}>
      {error && <Alert color="red" role="alert" title="The filter was not kept">{error.message}</Alert>}
      <Switch label="Filter series" checked={filter.enabled} onChange={(e) => setChanged({ ...changed, enabled: e.currentTarget.checked })} />
      <Radio.Group label="Series that fit a line" value={filter.mode} onChange={(v) => setChanged({ ...changed, mode: v as Filter['mode'] })}>
        <Stack gap={6} mt={6}>
          <Radio value="blacklist" label="are kept out; all others come in" />
          <Radio value="whitelist" label="come in; all others are kept out" />
        </Stack>
      </Radio.Group>
      <Textarea
        label="Lines" autosize minRows={6} maxRows={20} placeholder={example} value={filter.list} onChange={(e) => setChanged({ ...changed, list: e.currentTarget.value })}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <Text size="sm" c="dimmed">
        Each line is a regular expression that is looked for in the series description. <Code>[Modality]</Code> or another attribute in brackets on a line of its own names what the lines below it look at; <Code>#</Code> begins a comment.
      </Text>
      <Group>
        <Button disabled={!isChanged} loading={isSaving} onClick={() => onSave(filter)}>Save</Button>
        <Button variant="default" disabled={!isChanged} onClick={() => setChanged({})}>Undo changes</Button>
      </Group>
    </Stack>
  );
}
