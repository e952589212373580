import { Button, Group, Paper, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ArchiveChoice } from '../../../api/prearchive';
import type { Comparison } from '../../../api/comparison';
import { images } from './states';

type Way = 'append' | 'replace' | 'label';

/** How the two come together, each way with what it would do here. */
export function Decision({ comparison, isBusy, onArchive, onRelabel }: { comparison: Comparison; isBusy: boolean; onArchive: (choice: ArchiveChoice) => void; onRelabel: (subject: string, session: string) => void }) {
  const { counts, archived, problems } = comparison;
  const fresh = counts.new ?? 0;
  const clashes = (counts.different ?? 0) + (counts.nameTaken ?? 0);
  const [way, setWay] = useState<Way>(problems.length > 0 ? 'label' : clashes > 0 ? 'replace' : 'append');
  const [subject, setSubject] = useState(comparison.subject);
  const [session, setSession] = useState(comparison.session);
  if (!archived) {
    return (
      <Group>
        <Button loading={isBusy} disabled={problems.length > 0} onClick={() => onArchive({})}>Archive as a new session</Button>
        <Text size="sm" c="dimmed">The archive has no session called {comparison.session} in this project.</Text>
      </Group>
    );
  }
  const isSame = subject === comparison.subject && session === comparison.session;
  return (
    <Paper withBorder p="md" radius="md">
      <Stack>
        <Radio.Group label="What shall become of it?" value={way} onChange={(value) => setWay(value as Way)}>
          <Stack gap="xs" mt="xs">
            <Radio
              value="append" disabled={problems.length > 0 || clashes > 0} label="Add what is new to the archived session"
              description={clashes > 0 ? `Not possible: ${images(clashes)} would clash with what is archived.` : fresh > 0 ? `${images(fresh)} added; what is archived stays as it is.` : 'Nothing is new: what came is in the archive already, and leaves the prearchive.'}
            />
            <Radio
              value="replace" disabled={problems.length > 0} label="Add what is new and replace what differs"
              description={clashes > 0 ? `${images(fresh)} added; ${images(clashes)} of the archive replaced by what came, for good.` : 'Nothing differs, so nothing would be replaced.'}
            />
            <Radio value="label" label="Give it other labels" description="It becomes a session of its own; the archived one stays as it is." />
          </Stack>
        </Radio.Group>
        {way === 'label' ? (
          <Group align="flex-end">
            <TextInput label="Subject" required value={subject} onChange={(e) => setSubject(e.currentTarget.value)} />
            <TextInput label="Session" required value={session} onChange={(e) => setSession(e.currentTarget.value)} />
            <Button loading={isBusy} disabled={!subject.trim() || !session.trim() || isSame} onClick={() => onRelabel(subject.trim(), session.trim())}>Give these labels and compare again</Button>
          </Group>
        ) : (
          <Group>
            <Button loading={isBusy} color={way === 'replace' && clashes > 0 ? 'red' : undefined} onClick={() => onArchive(way === 'append' ? { overwrite: 'append' } : { overwrite: 'append', overwrite_files: 'true' })}>
              {way === 'append' ? 'Add to the archived session' : 'Add and replace'}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
