import { Box, Flex, NavLink, Skeleton, Text } from '@mantine/core';
import { Suspense } from 'react';
import { Link, useParams } from 'react-router';
import { PageHeading } from '../../components/PageHeading';
import { usePerson } from '../../session/session';
import { NotFound } from '../NotFound';
import { groups, sections } from './sections';

/** What those who run the site look after. */
export default function AdministrationPage() {
  const { '*': at = '' } = useParams();
  const { isAdministrator } = usePerson();
  const section = at === '' ? sections[0] : sections.find((s) => s.at === at);
  if (!isAdministrator || !section) return <NotFound />;
  return (
    <>
      <PageHeading title={section.label} trail={[{ label: 'Administration', to: '/administration' }]} />
      <Flex gap="lg" align="flex-start" direction={{ base: 'column', md: 'row' }}>
        <Box component="nav" aria-label="Administration" w={{ base: '100%', md: 190 }} style={{ flexShrink: 0 }}>
          {groups.map((group) => (
            <Box key={group.label} mb="sm">
              <Text size="xs" fw={600} c="dimmed" px="xs" mb={2}>{group.label}</Text>
              {group.sections.map((s) => (
                <NavLink key={s.at} component={Link} to={`/administration/${s.at}`} label={s.label} active={s === section} aria-current={s === section ? 'page' : undefined} py={4} px="xs" />
              ))}
            </Box>
          ))}
        </Box>
        <Box flex={1} miw={0} w="100%">
          <Suspense key={section.at} fallback={<Skeleton h={300} />}><section.page /></Suspense>
        </Box>
      </Flex>
    </>
  );
}
