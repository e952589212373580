import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

/** A page's name, the way back, and what can be done on it. */
export function PageHeading({ title, trail = [], note, actions }: { title: string; trail?: { label: string; to: string }[]; note?: ReactNode; actions?: ReactNode }) {
  useDocumentTitle(`${title} · Vesalius`);
  return (
    <Stack gap={4} mb="lg">
      {trail.length > 0 && (
        <Breadcrumbs aria-label="Where you are">
          {trail.map((step) => (
            <Anchor component={Link} to={step.to} key={step.to} size="sm">
              {step.label}
            </Anchor>
          ))}
        </Breadcrumbs>
      )}
      <Group justify="space-between" align="flex-end">
        <Title order={2}>{title}</Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {note && (
        <Text c="dimmed" size="sm" component="div">
          {note}
        </Text>
      )}
    </Stack>
  );
}
