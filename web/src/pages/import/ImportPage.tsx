import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from 'react-router';
import { batches, isNotAllowed } from '../../api/dqr';
import { Empty } from '../../components/Empty';
import { PageHeading } from '../../components/PageHeading';
import { FromList } from './FromList';
import { Queue } from './Queue';
import { SearchPacs } from './SearchPacs';

/** Getting studies out of a PACS (R4, R5). */
export default function ImportPage() {
  const { '*': tab = '' } = useParams();
  const navigate = useNavigate();
  const allowed = useQuery({ queryKey: ['imports', 'batches', false], queryFn: ({ signal }) => batches(false, signal) });
  const toQueue = () => void navigate('/import/queue');
  return (
    <>
      <PageHeading title="Import from PACS" note="Studies are relabelled and de-identified before anything of them is stored." />
      {isNotAllowed(allowed.error) ? (
        <Empty title="You may not ask PACS">An administrator can give you the role for it (Dqr).</Empty>
      ) : (
        <Tabs value={tab || 'search'} onChange={(next) => void navigate(`/import/${next}`)} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="search">Search</Tabs.Tab>
            <Tabs.Tab value="list">From a list</Tabs.Tab>
            <Tabs.Tab value="queue">Queue and history</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="search"><SearchPacs onQueued={toQueue} /></Tabs.Panel>
          <Tabs.Panel value="list"><FromList onQueued={toQueue} /></Tabs.Panel>
          <Tabs.Panel value="queue"><Queue /></Tabs.Panel>
        </Tabs>
      )}
    </>
  );
}
