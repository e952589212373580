import { Tabs } from '@mantine/core';
import { useNavigate, useParams } from 'react-router';
import { PageHeading } from '../../components/PageHeading';
import { Builder } from './Builder';
import { WordSearch } from './WordSearch';

/** Looks through everything that the person may see (R29). */
export default function SearchPage() {
  const { tab = 'words' } = useParams();
  const navigate = useNavigate();
  return (
    <>
      <PageHeading title="Search" note="Finds what you may see, in all your projects." />
      <Tabs value={tab} onChange={(next) => void navigate(next === 'words' ? '/search' : `/search/${next}`)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="words">By words</Tabs.Tab>
          <Tabs.Tab value="fields">By fields</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="words"><WordSearch /></Tabs.Panel>
        <Tabs.Panel value="fields"><Builder /></Tabs.Panel>
      </Tabs>
    </>
  );
}
