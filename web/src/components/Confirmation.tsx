import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';

interface Question {
  title: string;
  text: string;
  action: string;
}

/** Asks before something that cannot be undone. The second value has to stand in the page. */
export function useConfirmation(): [(question: Question) => Promise<boolean>, ReactNode] {
  const [asked, setAsked] = useState<Question & { answer: (yes: boolean) => void }>();
  const answer = (yes: boolean) => {
    asked?.answer(yes);
    setAsked(undefined);
  };
  const ask = (question: Question) => new Promise<boolean>((resolve) => setAsked({ ...question, answer: resolve }));
  return [
    ask,
    <Modal key="confirmation" opened={!!asked} onClose={() => answer(false)} title={asked?.title}>
      <Stack>
        <Text size="sm">{asked?.text}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => answer(false)} data-autofocus>Keep</Button>
          <Button color="red" onClick={() => answer(true)}>{asked?.action}</Button>
        </Group>
      </Stack>
    </Modal>,
  ];
}
