import { Tabs } from '@mantine/core';
import { getText, path } from '../../../api/http';
import { QuarantineTable } from '../../../components/quarantine/QuarantineTable';
import { TryIt } from '../../../components/script/TryIt';
import { ScriptPanel } from '../../../components/script/ScriptPanel';
import { Access } from './Access';
import { Details } from './Details';
import { EndOfProject } from './EndOfProject';
import { ProjectFilter } from './ProjectFilter';
import { Proof } from './Proof';

/** What an owner decides for a project. */
export default function Manage({ project }: { project: string }) {
  return (
    <Tabs defaultValue="access" variant="pills" keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="access">Access</Tabs.Tab>
        <Tabs.Tab value="details">Details and arrivals</Tabs.Tab>
        <Tabs.Tab value="script">De-identification</Tabs.Tab>
        <Tabs.Tab value="proof">Proof</Tabs.Tab>
        <Tabs.Tab value="quarantine">Quarantine</Tabs.Tab>
        <Tabs.Tab value="filter">Series filter</Tabs.Tab>
        <Tabs.Tab value="end">End of project</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="access"><Access project={project} /></Tabs.Panel>
      <Tabs.Panel value="details"><Details project={project} /></Tabs.Panel>
      <Tabs.Panel value="script">
        <ScriptPanel
          address={path`/xapi/anonymize/projects/${project}`} label="Project script"
          explanation="Runs on every image on its way from the prearchive into the archive. An image on which it fails is not archived."
          templates={[
            { label: 'Start from the standard’s basic profile', load: () => getText('/xapi/anonymize/profile?template=basic') },
            { label: 'Start from the profile for research', load: () => getText('/xapi/anonymize/profile?template=guys') },
          ]}
        >
          {(text) => <TryIt project={project} script={text} />}
        </ScriptPanel>
      </Tabs.Panel>
      <Tabs.Panel value="end"><EndOfProject project={project} /></Tabs.Panel>
      <Tabs.Panel value="proof"><Proof project={project} /></Tabs.Panel>
      <Tabs.Panel value="quarantine"><QuarantineTable project={project} /></Tabs.Panel>
      <Tabs.Panel value="filter"><ProjectFilter project={project} /></Tabs.Panel>
    </Tabs>
  );
}
