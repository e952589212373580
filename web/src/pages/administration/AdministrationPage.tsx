import { Tabs } from '@mantine/core';
import { useNavigate, useParams } from 'react-router';
import { PageHeading } from '../../components/PageHeading';
import { ScriptPanel } from '../../components/script/ScriptPanel';
import { getText } from '../../api/http';
import { NotFound } from '../NotFound';
import { usePerson } from '../../session/session';
import { Quarantine } from './Quarantine';
import { Receivers } from './Receivers';
import { Settings } from './Settings';
import { Users } from './Users';

/** What administrators of the site look after. */
export default function AdministrationPage() {
  const { '*': tab = '' } = useParams();
  const navigate = useNavigate();
  const { isAdministrator } = usePerson();
  if (!isAdministrator) return <NotFound />;
  return (
    <>
      <PageHeading title="Administration" />
      <Tabs value={tab || 'users'} onChange={(next) => void navigate(`/administration/${next}`)} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="receivers">Receivers</Tabs.Tab>
          <Tabs.Tab value="script">De-identification on arrival</Tabs.Tab>
          <Tabs.Tab value="quarantine">Quarantine</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users"><Users /></Tabs.Panel>
        <Tabs.Panel value="receivers"><Receivers /></Tabs.Panel>
        <Tabs.Panel value="script">
          <ScriptPanel
            address="/xapi/anonymize/site" label="Site script" explanation="Runs on every image before it touches the disk. An image on which it fails goes to quarantine, encrypted."
            templates={[{ label: 'Default script', load: () => getText('/xapi/anonymize/default') }]}
          />
        </Tabs.Panel>
        <Tabs.Panel value="quarantine"><Quarantine /></Tabs.Panel>
        <Tabs.Panel value="settings"><Settings /></Tabs.Panel>
      </Tabs>
    </>
  );
}
